// Runs one check: node check.mjs NAME PAGE LARGE_PAGE. Exit code 0 when it holds; what it measured goes to stdout.
const [name, small, large] = process.argv.slice(2);
const { default: check } = await import(`./checks/${name}.mjs`);
await check({ small, large, report: (line) => console.log(line) });
