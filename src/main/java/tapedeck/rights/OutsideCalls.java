package tapedeck.rights;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import tapedeck.bytes.Bytes;

/// Questions to other servers over HTTP: bounded in time, in number, and in what is read of the answer. A redirect is
/// an answer like any other, since it could lead anywhere.
final class OutsideCalls implements AutoCloseable {
    /// Questions on their way at once; others wait for their turn as long as they would for an answer.
    static final int PARALLEL = 64;

    static final int MAX_ANSWER_BYTES = 256 * 1024;

    record Answer(int status, Bytes body) {}

    private final Duration deadline;
    private final HttpClient client;
    private final Semaphore turns = new Semaphore(PARALLEL);

    /// @param deadline for all of a question, from its turn to the last byte of the answer
    OutsideCalls(Duration deadline) {
        this.deadline = deadline;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(deadline)
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
    }

    /// @throws IOException if there is no answer in time, or too much of it
    Answer send(HttpRequest request) throws IOException, InterruptedException {
        if (!turns.tryAcquire(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new HttpTimeoutException("%d questions wait for their answers already".formatted(PARALLEL));
        }
        CompletableFuture<HttpResponse<byte[]>> answer = client.sendAsync(
                request, HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_ANSWER_BYTES));
        try {
            HttpResponse<byte[]> whole = answer.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
            return new Answer(whole.statusCode(), Bytes.wrap(whole.body()));
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("no answer within %d s".formatted(deadline.toSeconds()));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw new IOException(e.getCause());
        } finally {
            // Closes the connection where the answer is not all there.
            answer.cancel(true);
            turns.release();
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
