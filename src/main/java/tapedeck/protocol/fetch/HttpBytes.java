package tapedeck.protocol.fetch;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.StoredBytes;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;

/// A file of another server, read by ranges (RFC 9110 14): each answer is read on as far as somebody wants, so the way
/// back and a pause cost nothing but a connection. What came last is kept, as readers look back a little.
final class HttpBytes implements StoredBytes, AutoCloseable {
    /// At one time: pictures and sound may lie far apart, and the index elsewhere.
    static final int MAX_RUNS = 3;
    /// What a run keeps behind the place where it is.
    static final int KEPT_BYTES = 512 * 1024;
    /// What is read and thrown away rather than asked for anew.
    static final int SKIPPED_BYTES = 256 * 1024;
    /// For the same byte, with [#PAUSE_MILLIS] between the second and the third, and so on.
    static final int TRIES = 4;

    static final long PAUSE_MILLIS = 500;

    private static final Logger log = LoggerFactory.getLogger(HttpBytes.class);
    private static final int READ_BYTES = 64 * 1024;
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

    private final RelayTarget target;
    private final long size;
    private final String entityTag;
    /// The one that was used last is the last.
    private final Deque<Run> runs = new ArrayDeque<>();

    private HttpBytes(RelayTarget target, long size, String entityTag) {
        this.target = target;
        this.size = size;
        this.entityTag = entityTag;
    }

    /// What a server says of its whole file when it is asked for all of it as a range; null if it sent no range, or
    /// does not know where the file ends.
    ///
    /// @param first what of it was read already
    static @Nullable HttpBytes of(RelayTarget target, HttpGet whole, Bytes first) {
        Matcher range = CONTENT_RANGE.matcher(whole.header("content-range"));
        if (whole.status() != 206 || !range.matches() || Long.parseLong(range.group(1)) != 0) {
            return null;
        }
        HttpBytes bytes = new HttpBytes(target, Long.parseLong(range.group(3)), whole.header("etag"));
        Run run = bytes.new Run(whole, 0);
        run.keep(first);
        bytes.runs.add(run);
        return bytes;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
        if (position >= size) {
            return -1;
        }
        for (int tried = 1; ; tried++) {
            try {
                return run(position).read(into, position);
            } catch (RelayRefusedException e) {
                throw e;
            } catch (IOException | MalformedException e) {
                close();
                if (tried == TRIES || Thread.currentThread().isInterrupted()) {
                    throw new IOException(e.getMessage(), e);
                }
                // Of a long pause that is what is to be expected.
                log.debug("pull of {}: at {} of {}: {}", this.target, position, size, e.getMessage());
                pause(PAUSE_MILLIS * (tried - 1));
            }
        }
    }

    private static void pause(long millis) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException over = new InterruptedIOException("the pull is over");
            over.initCause(e);
            throw over;
        }
    }

    /// One that is there, or comes there soon; else a new one.
    private Run run(long position) throws IOException {
        for (Run run : runs) {
            if (run.holds(position)) {
                runs.remove(run);
                runs.add(run);
                return run;
            }
        }
        if (runs.size() == MAX_RUNS) {
            runs.removeFirst().get.close();
        }
        Run run = opened(position);
        runs.add(run);
        return run;
    }

    private Run opened(long position) throws IOException {
        HttpGet get = HttpGet.open(target, "bytes=%d-".formatted(position));
        Matcher range = CONTENT_RANGE.matcher(get.header("content-range"));
        boolean same = get.status() == 206
                && range.matches()
                && Long.parseLong(range.group(1)) == position
                && Long.parseLong(range.group(3)) == size
                && get.header("etag").equals(entityTag);
        if (!same) {
            get.close();
            throw new IOException("HTTP %d: at %d it is not the same file any more".formatted(get.status(), position));
        }
        return new Run(get, position);
    }

    @Override
    public void close() {
        runs.forEach(run -> run.get.close());
        runs.clear();
    }

    /// One answer, read from its beginning to where it is.
    private final class Run {
        private final HttpGet get;
        private final long begin;
        private final byte[] kept = new byte[KEPT_BYTES];
        private long at;

        Run(HttpGet get, long begin) {
            this.get = get;
            this.begin = begin;
            at = begin;
        }

        boolean holds(long position) {
            return position >= Math.max(begin, at - KEPT_BYTES) && position <= at + SKIPPED_BYTES;
        }

        int read(ByteBuffer into, long position) throws IOException {
            while (at <= position) {
                Bytes bytes = get.read(READ_BYTES);
                if (bytes.isEmpty()) {
                    throw new EOFException("HTTP: the body ended at %d of %d".formatted(at, size));
                }
                keep(bytes);
            }
            int count = 0;
            for (long next = position; next < at && into.hasRemaining(); ) {
                int from = (int) (next % KEPT_BYTES);
                int piece = (int) Math.min(Math.min(at - next, KEPT_BYTES - from), into.remaining());
                into.put(kept, from, piece);
                next += piece;
                count += piece;
            }
            return count;
        }

        private void keep(Bytes bytes) {
            for (int i = 0; i < bytes.length(); ) {
                int to = (int) (at % KEPT_BYTES);
                int piece = Math.min(bytes.length() - i, KEPT_BYTES - to);
                bytes.copyTo(i, kept, to, piece);
                i += piece;
                at += piece;
            }
        }
    }
}
