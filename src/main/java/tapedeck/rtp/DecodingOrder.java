package tapedeck.rtp;

import tapedeck.bytes.MalformedException;
import tapedeck.codec.h264.Sps;
import tapedeck.codec.h265.H265Sps;
import tapedeck.media.Codec;

/// Finds the decoding times of a track whose packets say presentation times only, as all of RTP do.
///
/// If at most n pictures overtake one (the SPS says n), the decoding time of the i-th picture in decoding order is the
/// (i - n)-th of all presentation times in order: the least of the last n + 1, those taken before aside. The first n
/// have none; they get times a little before the first. Where an SPS says nothing, n is 0 until a picture proves it
/// wrong.
public final class DecodingOrder {
    static final int MAX_REORDER_FRAMES = 16;
    /// Between the decoding times of the first pictures, whose real distance nobody knows yet.
    static final long MAX_FIRST_STEP_NANOS = 40_000_000L;

    private static final long MIN_STEP_NANOS = 1_000L;
    /// A picture that is earlier than this is out of order, and not just a rounding.
    private static final long CERTAIN_NANOS = 1_000_000L;

    private final long[] window = new long[MAX_REORDER_FRAMES + 1];
    private int waiting;
    private int depth;
    private boolean learns;
    private int toGuess;
    private long firstStepNanos;
    private long lastDtsNanos = -MIN_STEP_NANOS;

    /// How far pictures of this codec are reordered: -1 where its parameter sets do not say it, 0 for all that has
    /// none.
    static int depth(Codec codec) {
        try {
            return switch (codec) {
                case Codec.H264 h264 -> Sps.parse(h264.sps().getFirst()).reorderFrames();
                case Codec.H265 h265 -> H265Sps.parse(h265.sps().getFirst()).reorderFrames();
                case Codec.Video _, Codec.Audio _ -> 0;
            };
        } catch (MalformedException _) {
            return -1;
        }
    }

    /// From the next picture on.
    public void setCodec(Codec codec) {
        int said = depth(codec);
        learns = said < 0;
        depth = learns ? depth : said;
        if (lastDtsNanos < 0) {
            toGuess = depth;
        }
    }

    /// The decoding time of the next picture, always later than the last one's.
    public long dtsNanos(long ptsNanos) {
        int at = waiting;
        while (at > 0 && window[at - 1] > ptsNanos) {
            window[at] = window[at - 1];
            at--;
        }
        window[at] = ptsNanos;
        waiting++;
        long candidate;
        if (toGuess > 0 && waiting <= depth) {
            if (waiting == 1) {
                firstStepNanos = Math.min(MAX_FIRST_STEP_NANOS, Math.max(0, ptsNanos) / depth);
            }
            candidate = window[0] - firstStepNanos * toGuess;
            toGuess--;
        } else {
            candidate = window[0];
            while (waiting > depth) {
                System.arraycopy(window, 1, window, 0, --waiting);
            }
        }
        lastDtsNanos = Math.max(lastDtsNanos + MIN_STEP_NANOS, candidate);
        if (learns && ptsNanos < lastDtsNanos - CERTAIN_NANOS && depth < MAX_REORDER_FRAMES) {
            depth++;
        }
        return lastDtsNanos;
    }
}
