// Cannot be imported.
import 'deploymatrix_has_no_such_module';
