package tapedeck.codec.vp9;

import tapedeck.bytes.BitReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// The beginning of the uncompressed header of a frame, or of the first frame of a superframe: VP9 bitstream
/// specification 6.2.
///
/// @param keyframe whether decoding can start here; an intra-only frame is none
/// @param shown whether the frame is displayed
/// @param profile 0 to 3
/// @param bitDepth of a keyframe 8, 10 or 12; else 0
/// @param width picture width in pixels, 0 in an interframe
/// @param height picture height in pixels, 0 in an interframe
public record Vp9Header(boolean keyframe, boolean shown, int profile, int bitDepth, int width, int height) {
    private static final int FRAME_MARKER = 2;
    private static final int SYNC_CODE = 0x498342;
    private static final int CS_RGB = 7;

    /// Whether this is the first byte of a keyframe: frame_marker, the profile, show_existing_frame and frame_type are
    /// in it, one bit further down in profile 3.
    public static boolean beginsKeyframe(int firstByte) {
        int profileAndType = (firstByte & 0x30) == 0x30 ? 0x0E : 0x0C;
        return firstByte >> 6 == FRAME_MARKER && (firstByte & profileAndType) == 0;
    }

    public static Vp9Header parse(Bytes frame) {
        BitReader in = new BitReader(frame);
        if (in.bits(2) != FRAME_MARKER) {
            throw new MalformedException("VP9 frame without its frame marker");
        }
        int profile = in.u(1) | in.u(1) << 1;
        if (profile == 3 && in.flag()) {
            throw new MalformedException("VP9 frame of a reserved profile");
        }
        if (in.flag()) {
            // show_existing_frame: an old picture is shown again.
            return new Vp9Header(false, true, profile, 0, 0, 0);
        }
        boolean keyframe = !in.flag();
        boolean shown = in.flag();
        in.skip(1);
        if (!keyframe) {
            return new Vp9Header(false, shown, profile, 0, 0, 0);
        }
        if (in.bits(24) != SYNC_CODE) {
            throw new MalformedException("VP9 keyframe without its sync code");
        }
        int bitDepth = colorConfig(in, profile);
        int width = in.u(16) + 1;
        int height = in.u(16) + 1;
        return new Vp9Header(true, shown, profile, bitDepth, width, height);
    }

    /// `color_config()`, 6.2.2; returns the bit depth.
    private static int colorConfig(BitReader in, int profile) {
        int bitDepth = profile < 2 ? 8 : in.flag() ? 12 : 10;
        boolean subsamplingCoded = (profile & 1) == 1;
        if (in.u(3) != CS_RGB) {
            in.skip(subsamplingCoded ? 4 : 1);
        } else if (subsamplingCoded) {
            in.skip(1);
        } else {
            throw new MalformedException("VP9 keyframe: RGB in profile %d".formatted(profile));
        }
        return bitDepth;
    }

    /// The codec that a keyframe begins.
    public Codec.Vp9 codec() {
        if (!keyframe) {
            throw new IllegalStateException("only a keyframe says the picture size");
        }
        return new Codec.Vp9(profile, bitDepth, width, height);
    }
}
