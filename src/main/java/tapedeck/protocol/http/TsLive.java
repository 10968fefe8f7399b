package tapedeck.protocol.http;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.Output;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Item;

/// A transport stream without an end. Every part begins with the tables, so whoever begins needs nothing before it.
final class TsLive implements LiveMuxer {
    private static final Part.Entry ENTRY = new Part.Entry(Bytes.EMPTY, Bytes.EMPTY);

    private final Written written = new Written();
    private final Muxer muxer;
    private final List<Part> parts = new ArrayList<>();
    private long dtsNanos;
    private int frames;
    private Part.@Nullable Entry entry;

    TsLive(List<Track> tracks, String title, Instant startedAt) {
        List<Track> carried = tracks.stream()
                .filter(track -> Container.TS.canCarry(track.codec()))
                .toList();
        try {
            muxer = Container.TS.muxer(written, carried, new MuxerOptions(startedAt, 0, title));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public boolean write(Item.Media media) {
        Frame frame = media.frame();
        if (!Container.TS.canCarry(frame.track().codec())) {
            return true;
        }
        if (!muxer.carries(frame.track())) {
            return false;
        }
        boolean begins = media.entryPoint() && (frame.track().isVideo() || frames == 0);
        try {
            if (begins) {
                cut();
            }
            if (frames == 0) {
                dtsNanos = frame.dtsNanos();
                entry = begins ? ENTRY : null;
            }
            muxer.write(frame);
            frames++;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return true;
    }

    private void cut() throws IOException {
        if (frames > 0) {
            muxer.flush();
            Bytes data = written.take();
            if (!data.isEmpty()) {
                parts.add(new Part(data, dtsNanos, frames, entry));
            }
            frames = 0;
            entry = null;
        }
    }

    @Override
    public List<Part> take() {
        try {
            cut();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Part> taken = List.copyOf(parts);
        parts.clear();
        return taken;
    }

    /// What the muxer appended, in memory.
    private static final class Written implements Output {
        private List<Bytes> appended = new ArrayList<>();
        private long size;

        @Override
        public void append(List<Bytes> more) {
            for (Bytes bytes : more) {
                appended.add(bytes);
                size += bytes.length();
            }
        }

        @Override
        public void patch(long position, Bytes bytes) {
            throw new IllegalStateException("a transport stream is not patched");
        }

        @Override
        public long size() {
            return size;
        }

        Bytes take() {
            List<Bytes> taken = appended;
            appended = new ArrayList<>();
            if (taken.size() == 1) {
                return taken.getFirst();
            }
            ByteWriter all = new ByteWriter();
            taken.forEach(all::bytes);
            return all.handOver();
        }
    }
}
