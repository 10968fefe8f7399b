package tapedeck.codec.vp8;

import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;

/// The frame tag and, of a keyframe, the start code and picture size: RFC 6386 9.1.
///
/// ```
/// keyframe 0 | version 3 bits | show_frame | first_part_size 19 bits     (little-endian, 3 bytes)
/// 9d 01 2a | width 14 bits, scale 2 | height 14 bits, scale 2            (only of a keyframe, 7 bytes)
/// ```
///
/// @param keyframe whether decoding can start here
/// @param version bitstream version, 0 to 3 (RFC 6386 9.1); higher ones are decoded as 3
/// @param shown whether the frame is displayed; an alternate reference frame is not
/// @param width picture width in pixels, 0 in an interframe
/// @param height picture height in pixels, 0 in an interframe
public record Vp8Header(boolean keyframe, int version, boolean shown, int width, int height) {
    private static final int TAG_BYTES = 3;
    private static final int KEYFRAME_BYTES = 10;
    private static final int START_CODE = 0x9D012A;
    private static final int SIZE_MASK = 0x3FFF;

    /// Reads the header of a whole frame.
    public static Vp8Header parse(Bytes frame) {
        if (frame.length() < TAG_BYTES) {
            throw new MalformedException("VP8 frame: %d bytes, a frame tag has 3".formatted(frame.length()));
        }
        int tag = frame.u8(0) | frame.u8(1) << 8 | frame.u8(2) << 16;
        boolean keyframe = (tag & 1) == 0;
        int version = tag >> 1 & 7;
        boolean shown = (tag >> 4 & 1) == 1;
        int headerBytes = keyframe ? KEYFRAME_BYTES : TAG_BYTES;
        if (frame.length() < headerBytes) {
            throw new MalformedException("VP8 keyframe: %d bytes, its header has 10".formatted(frame.length()));
        }
        int firstPartBytes = tag >> 5;
        if (firstPartBytes > frame.length() - headerBytes) {
            throw new MalformedException("VP8 frame: first partition of %d bytes in a frame of %d"
                    .formatted(firstPartBytes, frame.length()));
        }
        if (!keyframe) {
            return new Vp8Header(false, version, shown, 0, 0);
        }
        if (frame.u24(3) != START_CODE) {
            throw new MalformedException("VP8 keyframe: start code %06x".formatted(frame.u24(3)));
        }
        int width = (frame.u8(6) | frame.u8(7) << 8) & SIZE_MASK;
        int height = (frame.u8(8) | frame.u8(9) << 8) & SIZE_MASK;
        if (width == 0 || height == 0) {
            throw new MalformedException("VP8 keyframe: %d x %d pixels".formatted(width, height));
        }
        return new Vp8Header(true, version, shown, width, height);
    }

    /// The codec that a keyframe begins.
    public Codec.Vp8 codec() {
        if (!keyframe) {
            throw new IllegalStateException("only a keyframe says the picture size");
        }
        return new Codec.Vp8(width, height);
    }
}
