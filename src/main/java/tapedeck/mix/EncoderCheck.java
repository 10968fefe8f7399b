package tapedeck.mix;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.bytedeco.ffmpeg.global.avcodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.mix.MixFailedException.Reason;
import tapedeck.transcode.WorkerProcess;

/// Whether the build of FFmpeg that workers load has an encoder. A process of its own looks, once for each build: no
/// native code gets into the server, and a build that somebody put in place of ours is asked itself, whatever its file
/// is called. One serves all who mix.
public final class EncoderCheck {
    /// A JVM that loads FFmpeg takes a second, also on a machine that is busy not so many.
    static final long DEADLINE_NANOS = 30_000_000_000L;

    private static final int ABSENT = 3;
    private static final int HEAP_MEGABYTES = 32;
    private static final Logger log = LoggerFactory.getLogger(EncoderCheck.class);

    private final Supplier<List<String>> command;
    private final long deadlineNanos;
    // Guarded by this.
    private final Map<Question, Boolean> present = new HashMap<>();

    /// @param build the files that workers load
    private record Question(String encoder, List<Entry> build) {}

    /// As much of a file as changes when another one is put in its place.
    private record Entry(String path, long bytes, long modifiedMillis) {}

    public EncoderCheck() {
        this(() -> WorkerProcess.command(EncoderCheck.class, HEAP_MEGABYTES), DEADLINE_NANOS);
    }

    /// @param command of a process that looks; the encoder's name goes behind it
    EncoderCheck(Supplier<List<String>> command, long deadlineNanos) {
        this.command = command;
        this.deadlineNanos = deadlineNanos;
    }

    /// @param arguments the name of an encoder as FFmpeg has it
    public static void main(String[] arguments) {
        System.exit(avcodec.avcodec_find_encoder_by_name(arguments[0]) == null ? ABSENT : 0);
    }

    /// Refuses settings for whose pictures there is no encoder. Ours is always there.
    public void require(MixSettings settings) throws MixFailedException {
        String encoder = settings.picture().encoder();
        if (settings.hasVideo() && encoder.equals(MixSettings.X264) && isAbsent(encoder)) {
            throw new MixFailedException(
                    Reason.SETTINGS,
                    "codec=x264: this build of FFmpeg has no libx264: a GPL build is needed, or codec=openh264");
        }
    }

    /// One process at a time, however many ask. False also where nobody could say: the worker of the mix says it then.
    private synchronized boolean isAbsent(String encoder) {
        Question question = new Question(encoder, build());
        Boolean known = present.get(question);
        if (known == null) {
            Optional<Boolean> answer = ask(encoder);
            // What nobody could say is asked again, and a build that is gone is forgotten.
            present.clear();
            answer.ifPresent(says -> present.put(question, says));
            known = answer.orElse(true);
        }
        return !known;
    }

    private static List<Entry> build() {
        List<Entry> build = new ArrayList<>();
        for (String path : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            File file = new File(path);
            build.add(new Entry(path, file.length(), file.lastModified()));
        }
        return build;
    }

    /// Empty if nobody could say.
    private Optional<Boolean> ask(String encoder) {
        List<String> asked = new ArrayList<>(command.get());
        asked.add(encoder);
        try {
            Process process = new ProcessBuilder(asked)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try {
                if (!process.waitFor(deadlineNanos, TimeUnit.NANOSECONDS)) {
                    long seconds = TimeUnit.NANOSECONDS.toSeconds(deadlineNanos);
                    log.warn("whether there is an encoder {} was not answered in {} s", encoder, seconds);
                    return Optional.empty();
                }
            } finally {
                process.destroyForcibly();
            }
            return switch (process.exitValue()) {
                case 0 -> Optional.of(true);
                case ABSENT -> Optional.of(false);
                default -> Optional.empty();
            };
        } catch (IOException e) {
            log.warn("whether there is an encoder {} cannot be asked: {}", encoder, e.toString());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return Optional.empty();
    }
}
