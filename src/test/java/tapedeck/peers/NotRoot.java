package tapedeck.peers;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Programs that do not want to be root, VLC above all: where the tests are, these are nobody.
public final class NotRoot {
    private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

    private NotRoot() {}

    /// A command to which the program is to be added.
    ///
    /// @param home where it keeps what it keeps; nobody has to be able to write there
    public static List<String> command(Path home) {
        return new ArrayList<>(ROOT ? List.of("runuser", "-u", "nobody", "--", "env", "HOME=" + home) : List.of());
    }

    /// The same, before all else that the machine does: whether its stream is in time is asked, not what else is.
    public static List<String> firstCommand(Path home) {
        List<String> command = command(home);
        if (ROOT) {
            command.addAll(0, List.of("nice", "-n", "-15"));
        }
        return command;
    }
}
