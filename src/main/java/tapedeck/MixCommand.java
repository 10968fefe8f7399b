package tapedeck;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tapedeck.mix.MixCallback;
import tapedeck.mix.MixFailedException;
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
    static final int EXIT_CONFIGURATION = 66;
    static final int EXIT_NOTHING = 67;
    static final int EXIT_NO_SPACE = 68;
    static final int EXIT_NOT_TOLD = 69;
    static final int EXIT_BROKEN = 70;
    static final int EXIT_BUSY = 71;

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
            description = "Settings of the mix (default: conf/offline_mixer.json).")
    private Path config = Path.of("conf", "offline_mixer.json");

    @Override
    public Integer call() throws InterruptedException {
        if (!Files.isRegularFile(file)) {
            return complain(EXIT_NO_FILE, file + ": there is no such file");
        }
        if (!Files.isRegularFile(config)) {
            return complain(EXIT_NO_CONFIGURATION, config + ": there is no such configuration");
        }
        try {
            MixSettings settings = MixSettings.read(config);
            settings.unknownKeys().forEach(key -> System.err.printf("%s: %s has no effect%n", config, key));
            ProgressLine progress = new ProgressLine();
            Mixed mixed = OfflineMixer.mix(file, settings, progress);
            progress.end();
            if (mixed.damagedPackets() > 0) {
                System.err.printf("%d packets of %s could not be decoded%n", mixed.damagedPackets(), file);
            }
            System.out.println(mixed.file());
            if (!mixed.whole()) {
                return complain(EXIT_NO_SPACE, "the disk is full: the mix ends early");
            }
            return told(settings.callbackUrl(), mixed) ? 0 : complain(EXIT_NOT_TOLD, "callbackUrl took nothing");
        } catch (MixFailedException e) {
            return complain(exitCode(e.reason()), e.getMessage());
        } catch (IOException e) {
            return complain(EXIT_CONFIGURATION, config + ": " + e);
        }
    }

    private boolean told(String url, Mixed mixed) throws InterruptedException {
        return url.isEmpty()
                || new MixCallback()
                        .tell(url, new MixCallback.Recording(file, optional(creation), optional(duration), uri), mixed);
    }

    private static OptionalLong optional(@Nullable Long value) {
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    private static int exitCode(MixFailedException.Reason reason) {
        return switch (reason) {
            case NOTHING_TO_MIX -> EXIT_NOTHING;
            case NO_SPACE -> EXIT_NO_SPACE;
            case SETTINGS -> EXIT_CONFIGURATION;
            case BUSY -> EXIT_BUSY;
            case BROKEN -> EXIT_BROKEN;
        };
    }

    private static int complain(int exitCode, @Nullable String message) {
        System.err.println("tapedeck: " + message);
        return exitCode;
    }

    /// One line that is written over, if somebody looks.
    private static final class ProgressLine implements OfflineMixer.Progress {
        private static final long NANOS_PER_SECOND = 1_000_000_000;
        private static final int PERCENT = 100;

        private final boolean seen = Optional.ofNullable(System.console())
                .filter(java.io.Console::isTerminal)
                .isPresent();
        private final long beganNanos = System.nanoTime();

        @Override
        public void at(long writtenNanos, long durationNanos) {
            if (seen) {
                double seconds = (double) (System.nanoTime() - beganNanos) / NANOS_PER_SECOND;
                System.err.printf(
                        "\r%3d %%  %d of %d s, %.1f times as fast as it plays   ",
                        writtenNanos * PERCENT / durationNanos,
                        writtenNanos / NANOS_PER_SECOND,
                        durationNanos / NANOS_PER_SECOND,
                        writtenNanos / (seconds * NANOS_PER_SECOND));
            }
        }

        void end() {
            if (seen) {
                System.err.println();
            }
        }
    }
}
