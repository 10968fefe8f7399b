package tapedeck.transcode;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avfilter;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swresample;
import org.bytedeco.javacpp.Loader;
import tapedeck.bytes.Bytes;

/// The worker's end of a [WorkerProcess]. It ends when its standard input does, so no worker outlives its server.
public final class WorkerLine {
    private static final int BUFFER_BYTES = 1 << 16;

    private final DataInputStream in;
    private final OutputStream out;

    /// What a worker does with a message.
    public interface Service {
        void accept(Bytes message, WorkerLine line) throws IOException;
    }

    private WorkerLine(DataInputStream in, OutputStream out) {
        this.in = in;
        this.out = out;
    }

    /// Loads FFmpeg and hands on all messages, one after the other.
    public static void serve(Service service) throws IOException {
        // Whatever else writes to standard output would be read as a message.
        System.setOut(System.err);
        WorkerLine line = new WorkerLine(
                new DataInputStream(new BufferedInputStream(new FileInputStream(FileDescriptor.in), BUFFER_BYTES)),
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER_BYTES));
        Loader.load(avcodec.class);
        Loader.load(swresample.class);
        Loader.load(avfilter.class);
        avutil.av_log_set_level(avutil.AV_LOG_QUIET);
        Bytes message;
        while ((message = Wire.receive(line.in)) != null) {
            service.accept(message, line);
            if (line.in.available() == 0) {
                line.out.flush();
            }
        }
    }

    /// Sent at the latest when there is nothing more to do.
    public void send(Bytes message) throws IOException {
        Wire.send(out, message);
    }

    public void flush() throws IOException {
        out.flush();
    }
}
