package tapedeck.codec.av1;

import tapedeck.bytes.BitReader;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The bits of `sequence_header_obu()`: AV1 specification 5.5.1 to 5.5.5, with the specification's names.
final class Av1SequenceParser {
    private static final int CP_BT_709 = 1;
    private static final int TC_SRGB = 13;
    private static final int MC_IDENTITY = 0;

    private final BitReader in;
    private int seqProfile;
    private int seqLevelIdx;
    private int seqTier;
    private boolean reducedStillPictureHeader;
    private boolean decoderModelInfoPresent;
    private int orderHintBits;
    private boolean chooseScreenContentTools = true;
    private boolean screenContentTools;
    private boolean chooseIntegerMv = true;
    private int idBits;
    private int deltaIdBits;

    Av1SequenceParser(BitReader in) {
        this.in = in;
    }

    Av1SequenceHeader parse(Bytes obu) {
        seqProfile = in.u(3);
        if (seqProfile > 2) {
            throw new MalformedException("AV1 sequence header of profile %d".formatted(seqProfile));
        }
        in.skip(1);
        reducedStillPictureHeader = in.flag();
        if (reducedStillPictureHeader) {
            seqLevelIdx = in.u(5);
        } else {
            operatingPoints();
        }
        int widthBits = in.u(4) + 1;
        int heightBits = in.u(4) + 1;
        int width = in.u(widthBits) + 1;
        int height = in.u(heightBits) + 1;
        tools();
        var rules = new Av1FrameRules(
                decoderModelInfoPresent,
                widthBits,
                heightBits,
                idBits,
                deltaIdBits,
                orderHintBits,
                chooseScreenContentTools,
                screenContentTools,
                chooseIntegerMv);
        return colorConfig(obu, width, height, rules);
    }

    private void operatingPoints() {
        int bufferDelayBits = 0;
        if (in.flag()) {
            timingInfo();
            decoderModelInfoPresent = in.flag();
            if (decoderModelInfoPresent) {
                bufferDelayBits = in.u(5) + 1;
                in.skip(32 + 5 + 5);
            }
        }
        boolean initialDisplayDelayPresent = in.flag();
        int count = in.u(5) + 1;
        for (int i = 0; i < count; i++) {
            in.skip(12);
            int level = in.u(5);
            int tier = level > 7 ? in.u(1) : 0;
            if (i == 0) {
                seqLevelIdx = level;
                seqTier = tier;
            }
            if (bufferDelayBits > 0 && in.flag()) {
                in.skip(2L * bufferDelayBits + 1);
            }
            if (initialDisplayDelayPresent && in.flag()) {
                in.skip(4);
            }
        }
    }

    private void timingInfo() {
        in.skip(64);
        if (in.flag()) {
            // uvlc(), 4.10.3: as Exp-Golomb, but 32 zeros mean the largest value and no bits follow.
            int zeros = 0;
            while (!in.flag()) {
                zeros++;
            }
            in.skip(zeros < 32 ? zeros : 0);
        }
    }

    private void tools() {
        if (!reducedStillPictureHeader && in.flag()) {
            deltaIdBits = in.u(4) + 2;
            idBits = in.u(3) + deltaIdBits + 1;
        }
        in.skip(3);
        if (!reducedStillPictureHeader) {
            in.skip(4);
            boolean enableOrderHint = in.flag();
            if (enableOrderHint) {
                in.skip(2);
            }
            chooseScreenContentTools = in.flag();
            screenContentTools = chooseScreenContentTools || in.flag();
            if (screenContentTools) {
                chooseIntegerMv = in.flag();
                in.skip(chooseIntegerMv ? 0 : 1);
            }
            if (enableOrderHint) {
                orderHintBits = in.u(3) + 1;
            }
        }
        in.skip(3);
    }

    private Av1SequenceHeader colorConfig(Bytes obu, int width, int height, Av1FrameRules rules) {
        boolean highBitDepth = in.flag();
        boolean twelveBit = seqProfile == 2 && highBitDepth && in.flag();
        boolean monochrome = seqProfile != 1 && in.flag();
        int primaries = 2;
        int transfer = 2;
        int matrix = 2;
        if (in.flag()) {
            primaries = in.u(8);
            transfer = in.u(8);
            matrix = in.u(8);
        }
        boolean subsamplingX;
        boolean subsamplingY;
        int position = 0;
        if (!monochrome && primaries == CP_BT_709 && transfer == TC_SRGB && matrix == MC_IDENTITY) {
            subsamplingX = false;
            subsamplingY = false;
        } else {
            in.skip(1);
            boolean coded = !monochrome && seqProfile == 2 && twelveBit;
            subsamplingX = monochrome || (coded ? in.flag() : seqProfile != 1);
            subsamplingY = monochrome || (coded ? subsamplingX && in.flag() : seqProfile == 0);
            position = !monochrome && subsamplingX && subsamplingY ? in.u(2) : 0;
        }
        return new Av1SequenceHeader(
                obu,
                reducedStillPictureHeader,
                seqProfile,
                seqLevelIdx,
                seqTier,
                highBitDepth,
                twelveBit,
                monochrome,
                subsamplingX,
                subsamplingY,
                position,
                width,
                height,
                rules);
    }
}
