package tapedeck.rtp;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.rtp.payload.PayloadFormat;

/// What the payload types of one source mean. They are looked up several times for every packet, where a map's detour
/// over boxed numbers and cold nodes costs more than what is done with the answer.
final class PayloadTypes {
    /// RFC 3550 5.1: seven bits.
    private static final int COUNT = 128;

    private final @Nullable Meaning[] meanings = new Meaning[COUNT];
    /// Those that have one: asked about for every frame.
    private final List<Integer> formats = new ArrayList<>();

    /// @param format null for a repair
    /// @param repaired the type that is repaired, RFC 4588; -1 for a format
    private record Meaning(
            @Nullable PayloadFormat format, @Nullable Depacketizer depacketizer, int repaired) {}

    void add(PayloadFormat format, Depacketizer depacketizer) {
        int type = format.payloadType();
        put(type, new Meaning(format, depacketizer, -1));
        if (isFormat(type) && !formats.contains(type)) {
            formats.add(type);
        }
    }

    void addRepair(int type, int repaired) {
        put(type, new Meaning(null, null, repaired));
    }

    /// One that no packet can have is left out.
    private void put(int type, Meaning meaning) {
        if (type >= 0 && type < COUNT) {
            meanings[type] = meaning;
        }
    }

    private @Nullable Meaning of(int type) {
        return type >= 0 && type < COUNT ? meanings[type] : null;
    }

    boolean isKnown(int type) {
        return of(type) != null;
    }

    boolean isFormat(int type) {
        return format(type) != null;
    }

    /// The type that packets of this one repair, or -1.
    int repaired(int type) {
        Meaning meaning = of(type);
        return meaning == null ? -1 : meaning.repaired();
    }

    @Nullable
    PayloadFormat format(int type) {
        Meaning meaning = of(type);
        return meaning == null ? null : meaning.format();
    }

    @Nullable
    Depacketizer depacketizer(int type) {
        Meaning meaning = of(type);
        return meaning == null ? null : meaning.depacketizer();
    }

    /// Frames that all have missed, the ones of `without` not counted.
    long missingFrames(int without) {
        long missing = 0;
        for (int i = 0; i < formats.size(); i++) {
            int type = formats.get(i);
            Depacketizer depacketizer = type == without ? null : depacketizer(type);
            missing += depacketizer == null ? 0 : depacketizer.missingFrames();
        }
        return missing;
    }
}
