package tapedeck.api;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import tapedeck.media.Frame;
import tapedeck.peers.TestMedia;
import tapedeck.stream.Feedback;
import tapedeck.stream.Publication;

/// Real frames in real time, over and over, until it is closed or the server ends the stream.
final class LivePublisher implements AutoCloseable, Feedback {
    private static final int SECONDS = 4;

    private final Publication publication;
    private final Thread thread;
    private final CountDownLatch terminated = new CountDownLatch(1);

    LivePublisher(ApiServer server, String name) throws Exception {
        List<Frame> frames = TestMedia.interleaved(TestMedia.h264(SECONDS), TestMedia.aac(SECONDS));
        publication = server.publish(name, this);
        thread = Thread.ofVirtual().name("publisher").start(() -> send(frames));
    }

    String mediaSessionId() {
        return publication.stream().mediaSessionId();
    }

    private void send(List<Frame> frames) {
        long startNanos = System.nanoTime();
        for (long round = 0; ; round++) {
            for (Frame frame : TestMedia.shifted(frames, round * SECONDS * 1_000_000_000L)) {
                long early = frame.dtsNanos() - (System.nanoTime() - startNanos);
                if (early > 0) {
                    LockSupport.parkNanos(early);
                }
                if (Thread.currentThread().isInterrupted() || terminated.getCount() == 0) {
                    publication.close();
                    return;
                }
                publication.write(frame);
            }
        }
    }

    @Override
    public void requestKeyframe() {}

    @Override
    public void watched(boolean live) {}

    @Override
    public void terminate(String reason) {
        terminated.countDown();
    }

    @Override
    public void close() throws InterruptedException {
        thread.interrupt();
        thread.join();
    }
}
