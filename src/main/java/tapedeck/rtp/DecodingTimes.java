package tapedeck.rtp;

import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;

/// The decoding times of one track of Matroska, which says presentation times alone, whatever its codecs are.
public final class DecodingTimes {
    private DecodingOrder order = new DecodingOrder();
    private @Nullable Codec codec;

    /// The decoding time of the next picture or sound. Where the codec has changed it may be before the last one.
    public long dtsNanos(Codec of, long ptsNanos) {
        if (!isReordered(of)) {
            return ptsNanos;
        }
        if (!of.equals(codec)) {
            order = codec == null ? order : new DecodingOrder();
            codec = of;
            order.setCodec(of);
        }
        return order.dtsNanos(ptsNanos);
    }

    /// Whether pictures of this codec may be decoded in another order than they are shown.
    public static boolean isReordered(Codec codec) {
        return codec instanceof Codec.H264 || codec instanceof Codec.H265;
    }
}
