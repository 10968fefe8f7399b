package tapedeck.codec.av1;

import java.util.Optional;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// What a temporal unit (a frame of ours: OBUs with sizes) says of itself: AV1 specification 7.5, 5.9.2.
///
/// @param keyframe whether decoding can start here: a sequence header and a shown key frame
/// @param sequenceHeader the first one in it
public record Av1TemporalUnit(boolean keyframe, Optional<Av1SequenceHeader> sequenceHeader) {
    /// More than any encoder's layers and tile groups need.
    public static final int MAX_OBUS = 1024;

    public static Av1TemporalUnit parse(Bytes unit) {
        Optional<Av1SequenceHeader> sequenceHeader = Optional.empty();
        Bytes rest = unit;
        for (int count = 0; !rest.isEmpty(); count++) {
            if (count == MAX_OBUS) {
                throw new MalformedException("AV1 temporal unit of more than %d OBUs".formatted(MAX_OBUS));
            }
            Obu obu = Obu.read(rest);
            rest = rest.slice(obu.whole().length());
            switch (obu.type()) {
                case Obu.SEQUENCE_HEADER -> {
                    if (sequenceHeader.isEmpty()) {
                        sequenceHeader = Optional.of(Av1SequenceHeader.parse(obu.whole()));
                    }
                }
                case Obu.FRAME, Obu.FRAME_HEADER -> {
                    boolean keyframe = sequenceHeader.isPresent()
                            && (sequenceHeader.get().reducedStillPicture() || shownKeyFrame(obu));
                    return new Av1TemporalUnit(keyframe, sequenceHeader);
                }
                default -> {
                    // Metadata, tile lists, padding: nothing that is asked here.
                }
            }
        }
        return new Av1TemporalUnit(false, sequenceHeader);
    }

    /// The unit as a frame of ours has it: 7.4.1, the temporal delimiter stands in front of all else.
    public static Bytes withoutDelimiter(Bytes unit) {
        if (unit.isEmpty() || (unit.u8(0) >> 3 & 0xF) != Obu.TEMPORAL_DELIMITER) {
            return unit;
        }
        return unit.slice(Obu.read(unit).whole().length());
    }

    /// `show_existing_frame` 0, `frame_type` KEY_FRAME (0), `show_frame` 1.
    private static boolean shownKeyFrame(Obu obu) {
        if (obu.payload().isEmpty()) {
            throw new MalformedException("AV1 frame header without a byte");
        }
        return obu.payload().u8(0) >> 4 == 1;
    }
}
