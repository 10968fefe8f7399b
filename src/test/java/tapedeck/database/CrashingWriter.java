package tapedeck.database;

import java.nio.file.Path;
import tapedeck.settings.Settings;

/// Writes rows and says each number once it is written, until it is killed.
final class CrashingWriter {
    private CrashingWriter() {}

    public static void main(String[] arguments) throws Exception {
        int first = Integer.parseInt(arguments[1]);
        try (Database database = new Database(new Settings.Database("", "", ""), Path.of(arguments[0]))) {
            database.open();
            for (int i = first; ; i++) {
                DatabaseTest.write(database, i, i);
                System.out.println(i);
                System.out.flush();
            }
        }
    }
}
