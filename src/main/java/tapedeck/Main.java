package tapedeck;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import tapedeck.net.BoundPorts;
import tapedeck.record.Recordings;
import tapedeck.settings.Settings;
import tapedeck.settings.SettingsException;
import tapedeck.settings.SettingsSource;
import tapedeck.stream.Streams;

/// The command line: `./run` without a command serves until it is stopped.
@Command(
        name = "./run",
        mixinStandardHelpOptions = true,
        version = "tapedeck " + Server.VERSION,
        description = "A live media server that records.",
        subcommands = {
            Main.DemoCommand.class,
            Main.RecoverCommand.class,
            TracksCommand.class,
            MixCommand.class,
            UserCommand.class,
            Main.TrainCommand.class
        })
public final class Main implements Callable<Integer> {
    /// A setting that cannot be used, as sysexits.h's EX_USAGE.
    static final int EXIT_USAGE = 64;

    static final int EXIT_FAILED = 1;
    private static final Logger log = LoggerFactory.getLogger(Main.class);

    @Option(names = "--config", paramLabel = "FILE", description = "Settings (default: conf/tapedeck.properties).")
    private @Nullable Path config;

    @Option(
            names = "--set",
            paramLabel = "key=value",
            description = "One setting, before environment and file; may be repeated.")
    private List<String> assignments = List.of();

    private Main() {}

    public static void main(String[] arguments) {
        CommandLine line = new CommandLine(new Main());
        Path caller = Path.of(System.getProperty("tapedeck.caller", ""));
        line.registerConverter(Path.class, path -> asTheCallerSeesIt(caller, path));
        line.setExecutionExceptionHandler((failure, _, _) -> {
            if (failure instanceof SettingsException) {
                System.err.println("tapedeck: " + failure.getMessage());
                return EXIT_USAGE;
            }
            log.error("tapedeck: {}", failure.getMessage(), failure);
            return EXIT_FAILED;
        });
        System.exit(line.execute(arguments));
    }

    /// `./run` may be called from any folder, and then goes into its own. What is not in the caller's is looked for
    /// there.
    static Path asTheCallerSeesIt(Path caller, String path) {
        Path there = caller.resolve(path);
        return !path.isEmpty() && Files.exists(there) ? there : Path.of(path);
    }

    Settings settings(Map<String, String> overrides) throws SettingsException {
        List<String> all = new java.util.ArrayList<>(assignments);
        overrides.forEach((key, value) -> all.add(key + "=" + value));
        if (config != null && !Files.exists(config)) {
            throw new SettingsException("--config %s: there is no such file".formatted(config));
        }
        Path file = config == null ? Path.of("conf", "tapedeck.properties") : config;
        return SettingsSource.read(file, System.getenv(), all);
    }

    /// Serves until SIGTERM or Ctrl-C; then every open recording is finished before the process ends.
    @Override
    public Integer call() throws Exception {
        Settings settings = settings(Map.of());
        settings.unbuilt()
                .values()
                .forEach((key, value) -> log.warn("{}={} has no effect in this version", key, value));
        Server server = Server.open(settings);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            log.info("stopping");
            server.close();
            log.info("stopped");
            // A stop that was asked for is no failure: without this the JVM reports the signal.
            Runtime.getRuntime().halt(0);
        }));
        for (BoundPorts.Bound bound : server.ports().all()) {
            System.out.printf("%-6s %5d/%s%n", bound.protocol(), bound.port(), bound.transport());
        }
        System.out.println("Tapedeck " + Server.VERSION + " is ready");
        new CountDownLatch(1).await();
        return 0;
    }

    @Command(name = "demo", description = "Publishes a test stream, records it and judges the file.")
    static final class DemoCommand implements Callable<Integer> {
        @ParentCommand
        private Main main = new Main();

        @Override
        public Integer call() throws Exception {
            return Demo.run(main);
        }
    }

    @Command(
            name = "recover",
            description =
                    "Finishes recordings that a crash left open and moves them to record_dir; the server does it at "
                            + "start too. Settings stand before it: ./run --set key=value recover DIR.")
    static final class RecoverCommand implements Callable<Integer> {
        @ParentCommand
        private Main main = new Main();

        @Parameters(
                arity = "0..1",
                paramLabel = "DIR",
                description = "Folder of the open files (default: record_tmp_dir).")
        private Optional<Path> dir = Optional.empty();

        @Override
        public Integer call() throws Exception {
            if (dir.isPresent() && !Files.isDirectory(dir.get())) {
                throw new SettingsException("recover %s: there is no such folder".formatted(dir.get()));
            }
            Map<String, String> overrides =
                    dir.map(path -> Map.of("record_tmp_dir", path.toString())).orElse(Map.of());
            try (Recordings recordings = new Recordings(main.settings(overrides), new Streams())) {
                if (!recordings.mayRecover()) {
                    System.out.println("not done: a server that runs uses this folder");
                    return EXIT_FAILED;
                }
                System.out.println(recordings.recover() + " recordings finished");
                recordings.awaitHooks();
                long failed = recordings.statistics().failedFiles();
                if (failed > 0) {
                    System.out.println(failed + " could not be finished, and are kept as they are");
                }
                return failed > 0 ? EXIT_FAILED : 0;
            }
        }
    }

    /// Loads what a server needs, so that the JVM can write its class cache: see `./run`.
    @Command(name = "train", hidden = true)
    static final class TrainCommand implements Callable<Integer> {
        @ParentCommand
        private Main main = new Main();

        @Override
        public Integer call() throws Exception {
            return Training.run(main);
        }
    }
}
