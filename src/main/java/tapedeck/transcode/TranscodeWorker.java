package tapedeck.transcode;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swresample;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// The process in which native code runs. It ends when its standard input does, so none outlives its server.
public final class TranscodeWorker {
    private static final int BUFFER_BYTES = 1 << 16;

    private final Map<Integer, SoundConverter> streams = new HashMap<>();

    private TranscodeWorker() {}

    public static void main(String[] args) throws IOException {
        // Whatever else writes to standard output would be read as a message.
        System.setOut(System.err);
        DataInputStream in =
                new DataInputStream(new BufferedInputStream(new FileInputStream(FileDescriptor.in), BUFFER_BYTES));
        OutputStream out = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER_BYTES);
        Loader.load(avcodec.class);
        Loader.load(swresample.class);
        avutil.av_log_set_level(avutil.AV_LOG_QUIET);
        Wire.send(out, Wire.READY);
        out.flush();
        new TranscodeWorker().serve(in, out);
    }

    private void serve(DataInputStream in, OutputStream out) throws IOException {
        Bytes message;
        while ((message = Wire.receive(in)) != null) {
            Entry.Answer answer = answer(Wire.readBatch(message));
            if (answer != null) {
                Wire.send(out, Wire.write(answer));
            }
            if (in.available() == 0) {
                out.flush();
            }
        }
    }

    private Entry.@Nullable Answer answer(Entry.Batch batch) {
        if (!batch.entries().isEmpty()) {
            return streams.computeIfAbsent(batch.stream(), _ -> new SoundConverter())
                    .accept(batch);
        }
        SoundConverter forgotten = streams.remove(batch.stream());
        if (forgotten != null) {
            forgotten.close();
        }
        return null;
    }
}
