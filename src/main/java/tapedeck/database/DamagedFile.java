package tapedeck.database;

import java.sql.SQLException;
import java.util.Set;
import org.h2.api.ErrorCode;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStoreException;

/// Whether an error of H2 says that its file is not what H2 wrote. A full disk, a file in use or a missing folder is
/// something else: those pass, and the file is good afterwards.
final class DamagedFile {
    private static final Set<Integer> SQL_CODES = Set.of(ErrorCode.FILE_CORRUPTED_1, ErrorCode.FILE_VERSION_ERROR_1);
    private static final Set<Integer> STORE_CODES = Set.of(
            DataUtils.ERROR_FILE_CORRUPT,
            DataUtils.ERROR_UNSUPPORTED_FORMAT,
            DataUtils.ERROR_CHUNK_NOT_FOUND,
            DataUtils.ERROR_SERIALIZATION,
            DataUtils.ERROR_BLOCK_NOT_FOUND);

    private DamagedFile() {}

    static boolean isCauseOf(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (e instanceof SQLException sql && SQL_CODES.contains(sql.getErrorCode())) {
                return true;
            }
            if (e instanceof MVStoreException store && STORE_CODES.contains(store.getErrorCode())) {
                return true;
            }
        }
        return false;
    }
}
