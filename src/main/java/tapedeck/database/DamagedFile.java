package tapedeck.database;

import java.io.EOFException;
import java.io.IOException;
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

    private static final Set<Integer> PASSING = Set.of(
            DataUtils.ERROR_READING_FAILED,
            DataUtils.ERROR_WRITING_FAILED,
            DataUtils.ERROR_CLOSED,
            DataUtils.ERROR_FILE_LOCKED);

    private DamagedFile() {}

    /// While it is opened, H2 also stumbles over a file that is no database: with an error of its own making, of any
    /// kind. What the disk refuses is not that.
    static boolean isCauseOfNotOpening(Throwable failure) {
        if (isCauseOf(failure)) {
            return true;
        }
        boolean stumbled = false;
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (e instanceof IOException
                    || e instanceof MVStoreException store && PASSING.contains(store.getErrorCode())) {
                return false;
            }
            stumbled |= e instanceof SQLException sql && sql.getErrorCode() == ErrorCode.GENERAL_ERROR_1;
        }
        return stumbled;
    }

    static boolean isCauseOf(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            // Shorter than its own header says.
            if (e instanceof EOFException) {
                return true;
            }
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
