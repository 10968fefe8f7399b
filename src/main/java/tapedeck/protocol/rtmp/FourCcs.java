package tapedeck.protocol.rtmp;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tapedeck.container.flv.EnhancedBody;
import tapedeck.container.flv.FlvBody;
import tapedeck.media.Codec;

/// The codecs of Enhanced RTMP (Veovera, v2) that a peer says it takes, by their FourCC; `*` for all of them.
record FourCcs(Set<String> taken) {
    static final FourCcs NONE = new FourCcs(Set.of());

    /// More than there are.
    static final int MAX_NAMED = 64;

    static final String ALL = "*";
    /// Of an entry in an info map: the peer decodes it, or passes it on.
    private static final int DECODES_OR_FORWARDS = 1 | 4;

    FourCcs {
        taken = Set.copyOf(taken);
    }

    /// @param properties of the peer's `connect`, or of our server's answer to it
    static FourCcs of(@Nullable Object properties) {
        Set<String> taken = new HashSet<>();
        if (properties instanceof Map<?, ?> map) {
            if (map.get("fourCcList") instanceof List<?> list) {
                list.stream().limit(MAX_NAMED).forEach(item -> {
                    if (item instanceof String fourCc) {
                        taken.add(fourCc);
                    }
                });
            }
            for (String kind : List.of("videoFourCcInfoMap", "audioFourCcInfoMap")) {
                if (map.get(kind) instanceof Map<?, ?> masks) {
                    masks.entrySet().stream().limit(MAX_NAMED).forEach(entry -> {
                        if (entry.getKey() instanceof String fourCc
                                && entry.getValue() instanceof Double mask
                                && (mask.intValue() & DECODES_OR_FORWARDS) != 0) {
                            taken.add(fourCc);
                        }
                    });
                }
            }
        }
        return taken.isEmpty() ? NONE : new FourCcs(taken);
    }

    boolean carries(Codec codec) {
        return FlvBody.canCarry(codec)
                || EnhancedBody.canCarry(codec) && (taken.contains(ALL) || taken.contains(EnhancedBody.fourCc(codec)));
    }
}
