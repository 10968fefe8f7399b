package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.List;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.MalformedException;

/// The payload descriptor of VP9, RFC 9628 4.2.
///
/// ```
/// |I|P|L|F|B|E|V|Z|
/// |M| PICTURE ID  |   if I; 15 bits if M
/// | TID |U| SID |D|   if L
/// |   TL0PICIDX   |   if L and not F
/// |   P_DIFF    |N|   if P and F; up to three, as long as N
/// | N_S |Y|G|-|-|-|   if V: the scalability structure, 4.2.1
/// ```
///
/// @param pictureId or -1
/// @param pictureIdBits 7 or 15
/// @param references how many picture ids earlier each reference is, of the flexible mode; else empty
/// @param starts B: a layer frame starts here
/// @param tl0PicIdx or -1
/// @param sizes of the pictures of all spatial layers, width << 16 | height; empty if not said
record Vp9Descriptor(
        int pictureId,
        int pictureIdBits,
        List<Integer> references,
        boolean flexible,
        boolean starts,
        int temporalId,
        boolean switchingUp,
        int spatialId,
        int tl0PicIdx,
        List<Integer> sizes) {
    static final int MAX_REFERENCES = 3;

    /// Reads up to the first byte of the frame, of which there has to be one.
    static Vp9Descriptor read(ByteReader in) {
        int head = in.u8();
        boolean flexible = (head & 0x10) != 0;
        boolean layered = (head & 0x20) != 0;
        int pictureId = -1;
        int pictureIdBits = 15;
        if ((head & 0x80) != 0) {
            pictureId = in.u8();
            if (pictureId >= 0x80) {
                pictureId = (pictureId & 0x7F) << 8 | in.u8();
            } else {
                pictureIdBits = 7;
            }
        }
        int layer = layered ? in.u8() : 0;
        int tl0PicIdx = layered && !flexible ? in.u8() : -1;
        boolean interPicture = (head & 0x40) != 0;
        List<Integer> references = flexible && interPicture ? references(in) : List.of();
        List<Integer> sizes = (head & 0x02) != 0 ? scalabilityStructure(in) : List.of();
        if (!in.hasRemaining()) {
            throw new MalformedException(
                    "VP9: payload descriptor of %d bytes and nothing else".formatted(in.position()));
        }
        return new Vp9Descriptor(
                pictureId,
                pictureIdBits,
                references,
                flexible,
                (head & 0x08) != 0,
                layer >> 5,
                (layer & 0x10) != 0,
                layer >> 1 & 7,
                tl0PicIdx,
                sizes);
    }

    private static List<Integer> references(ByteReader in) {
        List<Integer> found = new ArrayList<>(MAX_REFERENCES);
        int next;
        do {
            if (found.size() == MAX_REFERENCES) {
                throw new MalformedException("VP9: more than %d references".formatted(MAX_REFERENCES));
            }
            next = in.u8();
            found.add(next >> 1);
        } while ((next & 1) != 0);
        return found;
    }

    /// 4.2.1: how many spatial layers, their sizes if Y, and if G the pictures of a group, which nothing here
    /// needs.
    private static List<Integer> scalabilityStructure(ByteReader in) {
        int head = in.u8();
        List<Integer> sizes = new ArrayList<>();
        if ((head & 0x10) != 0) {
            int layers = (head >> 5) + 1;
            for (int i = 0; i < layers; i++) {
                sizes.add(in.i32());
            }
        }
        if ((head & 0x08) != 0) {
            for (int pictures = in.u8(); pictures > 0; pictures--) {
                in.skip(in.u8() >> 2 & 3);
            }
        }
        return sizes;
    }

    /// Whether it says of each picture which ones it depends on.
    boolean namesReferences() {
        return flexible && pictureId >= 0;
    }

    LayerLoss.Layer layer() {
        return new LayerLoss.Layer(
                pictureId, pictureIdBits, tl0PicIdx, temporalId, false, switchingUp, namesReferences());
    }
}
