package tapedeck.peers;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// What a network does to what crosses it in one direction; unchangeable. Rates are probabilities from 0 to 1. A method
/// gives the same conditions with one thing changed.
public final class Conditions implements Cloneable {
    /// A perfect network.
    public static final Conditions NONE = new Conditions();

    double loss;
    double burstBegins;
    double burstEnds = 1;
    long delayNanos;
    long jitterNanos;
    long scatterNanos;
    double reorder;
    long overtakenNanos;
    double duplicates;
    double bitFlips;
    long bitsPerSecond;
    int queueBytes = Integer.MAX_VALUE;
    int maxDatagramBytes = Integer.MAX_VALUE;
    boolean blackhole;
    boolean stalled;
    Predicate<byte[]> drops = _ -> false;

    private Conditions() {}

    /// Of each datagram for itself.
    public Conditions loss(double rate) {
        return with(copy -> copy.loss = rate);
    }

    /// Gilbert's model: with probability `begins` per datagram everything begins to get lost, with probability `ends`
    /// that is over; the mean length of a burst is `1 / ends`.
    public Conditions bursts(double begins, double ends) {
        return with(copy -> {
            copy.burstBegins = begins;
            copy.burstEnds = ends;
        });
    }

    public Conditions delayMillis(long millis) {
        return with(copy -> copy.delayNanos = TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /// From 0 to this on top of the delay, as queues fill and drain: towards a new amount every 50 ms, order is kept.
    public Conditions jitterMillis(long millis) {
        return with(copy -> copy.jitterNanos = TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /// From 0 to this on top of the delay, for each datagram for itself, which mixes their order.
    public Conditions scatterMillis(long millis) {
        return with(copy -> copy.scatterNanos = TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /// This share is held back for so long, to be overtaken.
    public Conditions reorder(double rate, long millis) {
        return with(copy -> {
            copy.reorder = rate;
            copy.overtakenNanos = TimeUnit.MILLISECONDS.toNanos(millis);
        });
    }

    /// This share comes twice.
    public Conditions duplicates(double rate) {
        return with(copy -> copy.duplicates = rate);
    }

    /// Of each single bit.
    public Conditions bitFlips(double rate) {
        return with(copy -> copy.bitFlips = rate);
    }

    /// A bottleneck, and how much waits in front of it; what does not fit is lost. 0 bits for no limit.
    public Conditions rate(long bitsPerSecond, int queueBytes) {
        return with(copy -> {
            copy.bitsPerSecond = bitsPerSecond;
            copy.queueBytes = queueBytes;
        });
    }

    /// Larger ones are lost, as on a path with a small MTU.
    public Conditions maxDatagramBytes(int bytes) {
        return with(copy -> copy.maxDatagramBytes = bytes);
    }

    /// Nothing arrives. Bytes of TCP wait for the end of it.
    public Conditions blackhole(boolean on) {
        return with(copy -> copy.blackhole = on);
    }

    /// TCP: nothing is read, so that the sender's window closes.
    public Conditions stalled(boolean on) {
        return with(copy -> copy.stalled = on);
    }

    /// Further datagrams that are lost; asked once for each that would arrive otherwise.
    public Conditions drops(Predicate<byte[]> rule) {
        return with(copy -> copy.drops = rule);
    }

    /// What is left of these conditions for TCP, which repeats what is lost and puts in order what is not.
    Conditions ofStream() {
        Conditions stream = NONE.rate(bitsPerSecond, Integer.MAX_VALUE).bitFlips(bitFlips);
        return stream.with(copy -> {
            copy.delayNanos = delayNanos;
            copy.jitterNanos = jitterNanos;
        });
    }

    private Conditions with(Consumer<Conditions> change) {
        try {
            Conditions copy = (Conditions) clone();
            change.accept(copy);
            return copy;
        } catch (CloneNotSupportedException e) {
            throw new AssertionError(e);
        }
    }
}
