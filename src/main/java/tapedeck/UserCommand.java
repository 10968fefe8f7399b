package tapedeck;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import tapedeck.bytes.MalformedException;
import tapedeck.rights.UserFile;

/// `./run user NAME`: writes a user's line, for `publish_auth=password` and `play_auth=password`.
@Command(
        name = "user",
        description =
                "Writes a user and the hash of a password, asked for or read from the standard input, to auth_users. "
                        + "A server that runs takes it over by itself.")
final class UserCommand implements Callable<Integer> {
    @ParentCommand
    private @Nullable Main main;

    @Parameters(paramLabel = "NAME", description = "1 to 64 letters, digits and . _ @ -")
    private String name = "";

    @Option(
            names = "--digest",
            description =
                    "Keeps what RTSP's Digest needs too; who reads the file can then try passwords fast. Digest is "
                            + "offered when all users have it.")
    private boolean digest;

    @Option(names = "--remove", description = "Takes the user out instead.")
    private boolean removed;

    @Override
    public Integer call() throws Exception {
        if (main == null) {
            throw new IllegalStateException("user is a command of ./run");
        }
        Path file = main.settings(Map.of()).rights().users();
        try {
            if (removed) {
                boolean there = UserFile.remove(file, name);
                System.out.printf(there ? "%s is no longer in %s%n" : "%s is not in %s%n", name, file);
                return there ? 0 : Main.EXIT_FAILED;
            }
            UserFile.put(file, name, password(), digest ? UserFile.Kept.DIGEST_TOO : UserFile.Kept.HASH);
            System.out.printf("%s is in %s%n", name, file);
            return 0;
        } catch (MalformedException e) {
            System.err.println("tapedeck: " + e.getMessage());
            return Main.EXIT_USAGE;
        }
    }

    /// Never from the command line, where other users of the machine see it.
    private String password() throws IOException {
        Optional<Console> terminal = terminal();
        if (terminal.isPresent()) {
            char[] typed = terminal.get().readPassword("Password of %s: ", name);
            return typed == null ? "" : new String(typed);
        }
        String line = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        return line == null ? "" : line;
    }

    // JDK 25 went back to the console of java.base, which is null where there is no terminal (JDK-8351435).
    @SuppressWarnings("SystemConsoleNull")
    private static Optional<Console> terminal() {
        return Optional.ofNullable(System.console()).filter(Console::isTerminal);
    }
}
