package tapedeck.codec.av1;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// A temporal unit as its spatial layers, AV1 specification 5.3.3: `spatial_id` says which one an OBU is of, and none
/// depends on a higher one.
///
/// @param obus in their order
/// @param count how many layers there are, those that are left out below others included
public record Av1Layers(List<Obu> obus, int count) {
    private static final int SPATIAL_ID = 3;

    public Av1Layers {
        obus = List.copyOf(obus);
    }

    public static Av1Layers parse(Bytes unit) {
        List<Obu> obus = new ArrayList<>();
        int top = 0;
        for (Bytes rest = unit; !rest.isEmpty(); ) {
            if (obus.size() == Av1TemporalUnit.MAX_OBUS) {
                throw new MalformedException("AV1 temporal unit of more than %d OBUs".formatted(obus.size()));
            }
            Obu obu = Obu.read(rest);
            rest = rest.slice(obu.whole().length());
            obus.add(obu);
            top = Math.max(top, spatialId(obu));
        }
        return new Av1Layers(obus, top + 1);
    }

    /// 0 where nothing is said: such an OBU is of all layers.
    private static int spatialId(Obu obu) {
        return obu.headerBytes() == 2 ? obu.whole().u8(1) >> 3 & SPATIAL_ID : 0;
    }

    /// How many bytes the first layers have.
    public int bytes(int layers) {
        int bytes = 0;
        for (Obu obu : obus) {
            bytes += spatialId(obu) < layers ? obu.whole().length() : 0;
        }
        return bytes;
    }

    /// The unit without the layers behind the first ones.
    public Bytes first(int layers) {
        byte[] out = new byte[bytes(layers)];
        int at = 0;
        for (Obu obu : obus) {
            if (spatialId(obu) < layers) {
                obu.whole().copyTo(0, out, at, obu.whole().length());
                at += obu.whole().length();
            }
        }
        return Bytes.wrap(out);
    }

    /// Of a keyframe: how large the picture is with the first layer, with the first two and so on, where each of them
    /// makes it larger. One size for any other.
    public List<Av1FrameSize> sizes() {
        Av1SequenceHeader sequence = sequenceHeader();
        List<Av1FrameSize> sizes = new ArrayList<>(count);
        for (int layer = 0; layer < count; layer++) {
            Av1FrameSize size = sequence == null ? Av1FrameSize.UNKNOWN : size(layer, sequence);
            if (layer > 0
                    && (size.width() <= sizes.getLast().width()
                            || size.height() <= sizes.getLast().height())) {
                return sizes.subList(0, 1);
            }
            sizes.add(size);
        }
        return sizes;
    }

    private @Nullable Av1SequenceHeader sequenceHeader() {
        for (Obu obu : obus) {
            if (obu.type() == Obu.SEQUENCE_HEADER) {
                return Av1SequenceHeader.parse(obu.whole());
            }
        }
        return null;
    }

    private Av1FrameSize size(int layer, Av1SequenceHeader sequence) {
        for (Obu obu : obus) {
            if ((obu.type() == Obu.FRAME || obu.type() == Obu.FRAME_HEADER) && spatialId(obu) == layer) {
                return Av1FrameSize.of(obu, sequence);
            }
        }
        return Av1FrameSize.UNKNOWN;
    }
}
