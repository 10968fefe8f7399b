package tapedeck.mix;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.mix.MixFailedException.Reason;
import tapedeck.transcode.WorkerProcess;

/// A worker as whoever feeds it sees it: mixes are opened, fed and advanced, and the one who feeds waits so that it
/// never has more than a few steps in front of it.
final class MixProcess implements WorkerProcess.Listener, AutoCloseable {
    /// Decoded pictures are not in it, only packets that wait.
    private static final int HEAP_MEGABYTES = 384;
    /// The loops that make pictures smaller become instructions for vectors by the JVM's second compiler alone.
    /// Only what is called as often as they are is worth what it costs. All else is a little slower by that: the
    /// first compiler goes on counting.
    private static final String[] VECTORS = {
        "-XX:TieredStopAtLevel=4",
        "-XX:Tier4InvocationThreshold=100000",
        "-XX:Tier4MinInvocationThreshold=20000",
        "-XX:Tier4CompileThreshold=200000",
        "-XX:Tier4BackEdgeThreshold=2000000"
    };

    private final WorkerProcess process;
    // Guarded by this.
    private final Map<Integer, Conversation> conversations = new HashMap<>();
    private int lastMix;
    private @Nullable String failure;

    private static final class Conversation {
        private final Consumer<Answer> sink;
        private int open;
        private long answered;
        private int damaged;

        Conversation(Consumer<Answer> sink) {
            this.sink = sink;
        }
    }

    MixProcess(String name) throws IOException {
        process = new WorkerProcess(name, WorkerProcess.command(MixWorker.class, HEAP_MEGABYTES, VECTORS), this);
    }

    /// A number for a new mix, whose answers go there, on the thread that reads them.
    synchronized int begin(Consumer<Answer> sink) {
        conversations.put(++lastMix, new Conversation(sink));
        return lastMix;
    }

    void send(Ask ask) {
        if (ask instanceof Ask.Advance || ask instanceof Ask.Finish) {
            synchronized (this) {
                conversation(ask.mix()).open++;
            }
        }
        process.send(MixWire.write(ask));
    }

    private Conversation conversation(int mix) {
        Conversation conversation = conversations.get(mix);
        if (conversation == null) {
            throw new IllegalStateException("mix %d was not begun".formatted(mix));
        }
        return conversation;
    }

    /// Waits until at most so many steps of this mix are not answered.
    synchronized void await(int mix, int steps) throws MixFailedException, InterruptedException {
        Conversation conversation = conversation(mix);
        while (failure == null && conversation.open > steps) {
            wait();
        }
        if (failure != null) {
            throw new MixFailedException(Reason.BROKEN, "the worker died" + failure);
        }
    }

    /// Steps of this mix that are not answered yet.
    synchronized int open(int mix) {
        return conversation(mix).open;
    }

    /// Steps of this mix that were answered so far.
    synchronized long answered(int mix) {
        return conversation(mix).answered;
    }

    synchronized boolean isDead() {
        return failure != null;
    }

    /// Packets of all its mixes that could not be decoded.
    synchronized int damaged() {
        return conversations.values().stream()
                .mapToInt(conversation -> conversation.damaged)
                .sum();
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void message(Bytes message) {
        Answer answer = MixWire.readAnswer(message);
        Conversation conversation;
        synchronized (this) {
            conversation = conversations.get(answer.mix());
        }
        if (conversation == null) {
            throw new MalformedException("mix: an answer for mix %d, which is not open".formatted(answer.mix()));
        }
        conversation.sink.accept(answer);
        if (answer instanceof Answer.Done done) {
            synchronized (this) {
                conversation.damaged = done.damaged();
                conversation.open--;
                conversation.answered++;
                notifyAll();
            }
        }
    }

    @Override
    public synchronized void died(String lastWords) {
        failure = lastWords.isEmpty() ? "" : ": " + lastWords;
        notifyAll();
    }

    @Override
    public void close() {
        process.close();
    }
}
