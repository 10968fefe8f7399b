package tapedeck;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tapedeck.mix.EncoderCheck;
import tapedeck.mix.FileTrouble;
import tapedeck.mix.MixCallback;
import tapedeck.mix.MixFailedException;
import tapedeck.mix.MixFailedException.Reason;
import tapedeck.mix.MixSettings;
import tapedeck.mix.Mixed;
import tapedeck.mix.OfflineMixer;

/// `./run mix FILE`: the offline mixer, with the arguments and exit codes of the recording page.
@Command(
        name = "mix",
        description = {
            "Mixes a recording of many streams into one picture and one sound, beside it with _mixed behind its name.",
            "Ends with 0; 64 if there is no such file, 65 if there is no such configuration, 66 if it cannot be used, "
                    + "67 if nothing in the file can be mixed, 68 if the disk is full, 69 if the mix was made but callbackUrl did not take "
                    + "it, 70 if mixing failed, 71 if somebody else mixes it now."
        })
final class MixCommand implements Callable<Integer> {
    static final int EXIT_NO_FILE = 64;
    static final int EXIT_NO_CONFIGURATION = 65;

    @Parameters(index = "0", paramLabel = "FILE")
    private Path file = Path.of("");

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "CREATION",
            description = "For the callback: seconds since 1904 at which the recording was made.")
    private @Nullable Long creation;

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "DURATION",
            description = "For the callback: milliseconds of the recording.")
    private @Nullable Long duration;

    @Parameters(index = "3", arity = "0..1", paramLabel = "URI", description = "For the callback: the recorder's.")
    private String uri = "";

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings of the mix (default: conf/offline_mixer.json). With it, no server is asked.")
    private @Nullable Path ownConfig;

    @Option(
            names = "--server",
            paramLabel = "URL",
            description = "A running server whose queue mixes it; without an answer it is mixed at once, by this "
                    + "command. Hook scripts have it in HOOK_SERVER_URL.",
            defaultValue = "${env:HOOK_SERVER_URL}")
    private @Nullable URI server;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "The server's admin token. Hook scripts have it in HOOK_SERVER_TOKEN_FILE.",
            defaultValue = "${env:HOOK_SERVER_TOKEN_FILE}")
    private @Nullable Path tokenFile;

    @Override
    public Integer call() throws InterruptedException {
        if (!Files.isRegularFile(file)) {
            return complain(EXIT_NO_FILE, file + ": there is no such file");
        }
        Path config = ownConfig == null ? Path.of("conf", "offline_mixer.json") : ownConfig;
        if (!Files.isRegularFile(config)) {
            return complain(EXIT_NO_CONFIGURATION, config + ": there is no such configuration");
        }
        MixCallback.Recording recording = new MixCallback.Recording(file, optional(creation), optional(duration), uri);
        if (server != null && ownConfig == null) {
            OptionalInt queued = queued(server, recording);
            if (queued.isPresent()) {
                return queued.getAsInt();
            }
        }
        return mixed(recording, config);
    }

    /// Empty if the server does not take it.
    private OptionalInt queued(URI url, MixCallback.Recording recording) throws InterruptedException {
        try (MixQueue queue = new MixQueue(url, tokenFile == null ? Path.of("") : tokenFile)) {
            Optional<MixQueue.End> answer;
            try (ProgressLine progress = new ProgressLine()) {
                answer = queue.mix(recording, progress::percent);
            }
            if (answer.isEmpty()) {
                System.err.println("tapedeck: the server at " + url + " does not take it: it is mixed here");
                return OptionalInt.empty();
            }
            MixQueue.End end = answer.get();
            if (!end.mixedFile().isEmpty()) {
                System.out.println(file.resolveSibling(end.mixedFile()));
            }
            return OptionalInt.of(end.exitCode() == 0 ? 0 : complain(end.exitCode(), end.message()));
        }
    }

    private static int mixed(MixCallback.Recording recording, Path config) throws InterruptedException {
        Path file = recording.file();
        try {
            MixSettings settings = MixSettings.read(config);
            new EncoderCheck().require(settings);
            settings.unknownKeys().forEach(key -> System.err.printf("%s: %s has no effect%n", config, key));
            Mixed mixed;
            try (ProgressLine progress = new ProgressLine()) {
                mixed = OfflineMixer.mix(file, settings, progress);
            }
            if (mixed.damagedPackets() > 0) {
                System.err.printf("%d packets of %s could not be decoded%n", mixed.damagedPackets(), file);
            }
            System.out.println(mixed.file());
            if (!mixed.whole()) {
                return complain(Reason.NO_SPACE.exitCode(), "the disk is full: the mix ends early");
            }
            boolean told = settings.callbackUrl().isEmpty()
                    || new MixCallback().tell(settings.callbackUrl(), recording, mixed);
            return told ? 0 : complain(Reason.NOT_TOLD.exitCode(), "callbackUrl took nothing");
        } catch (MixFailedException e) {
            return complain(e.reason().exitCode(), e.getMessage());
        } catch (IOException e) {
            return complain(Reason.SETTINGS.exitCode(), config + ": " + FileTrouble.of(e));
        }
    }

    private static OptionalLong optional(@Nullable Long value) {
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    private static int complain(int exitCode, @Nullable String message) {
        System.err.println("tapedeck: " + message);
        return exitCode;
    }

    /// One line that is written over, if somebody looks.
    private static final class ProgressLine implements OfflineMixer.Progress, AutoCloseable {
        private static final long NANOS_PER_SECOND = 1_000_000_000;
        private static final int PERCENT = 100;

        private final boolean seen = Optional.ofNullable(System.console())
                .filter(java.io.Console::isTerminal)
                .isPresent();
        private final long beganNanos = System.nanoTime();
        private boolean begun;

        @Override
        public void at(long writtenNanos, long durationNanos) {
            if (seen) {
                begun = true;
                double seconds = (double) (System.nanoTime() - beganNanos) / NANOS_PER_SECOND;
                System.err.printf(
                        "\r%3d %%  %d of %d s, %.1f times as fast as it plays   ",
                        writtenNanos * PERCENT / durationNanos,
                        writtenNanos / NANOS_PER_SECOND,
                        durationNanos / NANOS_PER_SECOND,
                        writtenNanos / (seconds * NANOS_PER_SECOND));
            }
        }

        /// Of a mix that the server makes.
        void percent(int percent) {
            if (seen) {
                begun = true;
                System.err.printf("\r%3d %%   ", percent);
            }
        }

        /// What is said next has a line of its own.
        @Override
        public void close() {
            if (begun) {
                System.err.println();
            }
        }
    }
}
