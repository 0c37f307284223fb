// Runs one check: node check.mjs NAME PAGE LARGE_PAGE STATES. Exit code 0 when it holds; what it measured goes to stdout.
// STATES is a folder with a report for each of tests/fakes/states.py.
const [name, small, large, states] = process.argv.slice(2);
const { default: check } = await import(`./checks/${name}.mjs`);
await check({ small, large, state: (which) => `${states}/${which}/index.html`, report: (line) => console.log(line) });
