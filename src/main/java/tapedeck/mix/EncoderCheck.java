package tapedeck.mix;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.bytedeco.ffmpeg.global.avcodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.mix.MixFailedException.Reason;
import tapedeck.transcode.WorkerProcess;

/// Whether the build of FFmpeg that workers load has an encoder. A process of its own looks, once: no native code gets
/// into the server, and a build that somebody put in place of ours is asked itself, whatever its file is called.
final class EncoderCheck {
    private static final int ABSENT = 3;
    private static final int HEAP_MEGABYTES = 32;
    private static final long DEADLINE_SECONDS = 30;
    private static final Logger log = LoggerFactory.getLogger(EncoderCheck.class);
    /// The questions whose answer was yes. A no is asked again: the build may have been put there meanwhile.
    private static final Set<List<String>> present = new HashSet<>();

    private EncoderCheck() {}

    /// @param arguments the name of an encoder as FFmpeg has it
    public static void main(String[] arguments) {
        System.exit(avcodec.avcodec_find_encoder_by_name(arguments[0]) == null ? ABSENT : 0);
    }

    /// Refuses settings for whose pictures there is no encoder. Ours is always there.
    static void require(MixSettings settings) throws MixFailedException {
        String encoder = settings.picture().encoder();
        if (settings.hasVideo() && encoder.equals(MixSettings.X264) && isAbsent(encoder)) {
            throw new MixFailedException(
                    Reason.SETTINGS,
                    "codec=x264: this build of FFmpeg has no libx264: a GPL build is needed, or codec=openh264");
        }
    }

    /// One process at a time, however many ask. False also where nobody could say: the worker of the mix says it then.
    private static synchronized boolean isAbsent(String encoder) {
        List<String> command = new ArrayList<>(WorkerProcess.command(EncoderCheck.class, HEAP_MEGABYTES));
        command.add(encoder);
        if (present.contains(command)) {
            return false;
        }
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try {
                if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                    log.warn("whether there is an encoder {} was not answered in {} s", encoder, DEADLINE_SECONDS);
                    return false;
                }
            } finally {
                process.destroyForcibly();
            }
            if (process.exitValue() == 0) {
                present.add(List.copyOf(command));
            }
            return process.exitValue() == ABSENT;
        } catch (IOException e) {
            log.warn("whether there is an encoder {} cannot be asked: {}", encoder, e.toString());
            return false;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
