package tapedeck.record;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tapedeck.bytes.Bytes;

/// One thread that writes to disk, with the one buffer that it gathers each write in: a write of many parts of the
/// heap would copy them one by one into buffers of the JDK's own.
final class DiskWriter implements AutoCloseable {
    /// What leaves in one system call. A second of video is smaller at up to 8 Mbit/s.
    static final int BUFFER_BYTES = 1 << 20;

    /// The largest block of a file system that is written past the page cache: buffer and writes are aligned to it.
    static final int MAX_BLOCK_BYTES = 1 << 12;

    private final ThreadPoolExecutor thread;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES + MAX_BLOCK_BYTES)
            .alignedSlice(MAX_BLOCK_BYTES)
            .slice(0, BUFFER_BYTES);
    private final AtomicInteger recordings = new AtomicInteger();
    // Written by the thread alone.
    private volatile long writeCalls;
    private volatile long writtenBytes;
    private volatile long syncCalls;

    DiskWriter(String name) {
        thread = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread created = new Thread(task, name);
            created.setDaemon(true);
            return created;
        });
        // A stream may wake its recorder while the server closes.
        thread.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
    }

    void execute(Runnable task) {
        thread.execute(task);
    }

    /// How many recordings are on this thread.
    AtomicInteger recordings() {
        return recordings;
    }

    long writeCalls() {
        return writeCalls;
    }

    long writtenBytes() {
        return writtenBytes;
    }

    /// How often a file was brought to disk for good.
    long syncCalls() {
        return syncCalls;
    }

    /// fdatasync(2); only on this thread.
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    void sync(FileChannel file) throws IOException {
        file.force(false);
        syncCalls++;
    }

    /// Writes all parts, one after the other, at `position`; only on this thread.
    ///
    /// @return the number of bytes
    long write(FileChannel file, List<Bytes> parts, long position) throws IOException {
        long at = position;
        buffer.clear();
        for (int i = 0; i < parts.size(); i++) {
            Bytes part = parts.get(i);
            int from = 0;
            while (part.length() - from > buffer.remaining()) {
                int until = from + buffer.remaining();
                part.slice(from, until).writeTo(buffer);
                from = until;
                at += writeBuffer(file, at);
            }
            (from == 0 ? part : part.slice(from)).writeTo(buffer);
        }
        return at + writeBuffer(file, at) - position;
    }

    private int writeBuffer(FileChannel file, long position) throws IOException {
        buffer.flip();
        int length = buffer.remaining();
        for (long at = position; buffer.hasRemaining(); ) {
            int written = file.write(buffer, at);
            at += written;
            count(written);
        }
        buffer.clear();
        return length;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes, others read
    private void count(int written) {
        writeCalls++;
        writtenBytes += written;
    }

    /// Takes no more work, and waits for what there is.
    boolean close(long patienceNanos) {
        thread.shutdown();
        try {
            return thread.awaitTermination(patienceNanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() {
        close(0);
    }
}
