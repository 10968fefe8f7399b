package tapedeck.codec.av1;

import tapedeck.bytes.BitReader;

/// The size that a frame header says of its picture: AV1 specification 5.9.2 up to 5.9.5, with the specification's
/// names.
///
/// @param width 0 where the header leaves it to another frame, or is written in a way that nobody uses here
public record Av1FrameSize(int width, int height) {
    static final Av1FrameSize UNKNOWN = new Av1FrameSize(0, 0);

    private static final int KEY_FRAME = 0;
    private static final int INTRA_ONLY_FRAME = 2;
    private static final int SWITCH_FRAME = 3;
    private static final int REFS_PER_FRAME = 7;
    private static final int NUM_REF_FRAMES = 8;
    private static final int ALL_FRAMES = 0xFF;

    /// @param frame an OBU of type FRAME or FRAME_HEADER
    static Av1FrameSize of(Obu frame, Av1SequenceHeader sequence) {
        Av1FrameRules rules = sequence.rules();
        BitReader in = new BitReader(frame.payload());
        if (sequence.reducedStillPicture()) {
            return new Av1FrameSize(sequence.width(), sequence.height());
        }
        if (rules.decoderModelInfoPresent() || in.flag()) {
            return UNKNOWN;
        }
        int frameType = in.u(2);
        boolean showFrame = in.flag();
        in.skip(showFrame ? 0 : 1);
        boolean intra = frameType == KEY_FRAME || frameType == INTRA_ONLY_FRAME;
        boolean implied = frameType == SWITCH_FRAME || frameType == KEY_FRAME && showFrame;
        boolean errorResilientMode = implied || in.flag();
        // disable_cdf_update
        in.skip(1);
        boolean tools = rules.chooseScreenContentTools() ? in.flag() : rules.screenContentTools();
        in.skip(tools && rules.chooseIntegerMv() ? 1 : 0);
        in.skip(rules.idBits());
        boolean sizeOverride = frameType == SWITCH_FRAME || in.flag();
        in.skip(rules.orderHintBits());
        in.skip(intra || errorResilientMode ? 0 : 3);
        int refreshFrameFlags = implied ? ALL_FRAMES : in.u(8);
        if ((!intra || refreshFrameFlags != ALL_FRAMES) && errorResilientMode && rules.orderHintBits() > 0) {
            orderHints(in, rules);
        }
        if (!intra && references(in, rules, sizeOverride && !errorResilientMode)) {
            return UNKNOWN;
        }
        return sizeOverride
                ? new Av1FrameSize(in.u(rules.frameWidthBits()) + 1, in.u(rules.frameHeightBits()) + 1)
                : new Av1FrameSize(sequence.width(), sequence.height());
    }

    private static void orderHints(BitReader in, Av1FrameRules rules) {
        in.skip((long) NUM_REF_FRAMES * rules.orderHintBits());
    }

    /// True if the size is that of a reference: `found_ref`, 5.9.7.
    private static boolean references(BitReader in, Av1FrameRules rules, boolean sizeWithRefs) {
        boolean shortSignaling = rules.orderHintBits() > 0 && in.flag();
        in.skip(shortSignaling ? 6 : 0);
        for (int i = 0; i < REFS_PER_FRAME; i++) {
            in.skip((shortSignaling ? 0 : 3) + (rules.idBits() > 0 ? rules.deltaIdBits() : 0));
        }
        for (int i = 0; sizeWithRefs && i < REFS_PER_FRAME; i++) {
            if (in.flag()) {
                return true;
            }
        }
        return false;
    }
}
