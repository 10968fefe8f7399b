package tapedeck.rtp.sdp;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tapedeck.rtp.payload.PayloadFormat;

/// One `m=` section, RFC 8866 5.14.
///
/// @param type `audio`, `video`, `application` …
/// @param port 0 rejects the section
/// @param protocol `UDP/TLS/RTP/SAVPF`, `RTP/AVP` …
/// @param formats payload types as text, in order of preference
/// @param connection behind `c=` of this section, or ""
public record MediaDescription(
        String type, int port, String protocol, List<String> formats, String connection, List<Attribute> attributes) {
    public MediaDescription {
        formats = List.copyOf(formats);
        attributes = List.copyOf(attributes);
    }

    /// RFC 8866 6.7.
    public enum Direction {
        SENDRECV,
        SENDONLY,
        RECVONLY,
        INACTIVE;

        public String attribute() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /// A header extension, RFC 8285 5.
    ///
    /// @param direction "" or as in `extmap:1/recvonly`
    public record ExtensionMap(int id, String direction, String uri) {
        @Override
        public String toString() {
            return (direction.isEmpty() ? "" + id : id + "/" + direction) + " " + uri;
        }
    }

    /// A restriction identifier, RFC 8851: one layer of simulcast.
    public record Rid(String id, String direction, String restrictions) {}

    /// The first attribute of this name, or null.
    public @Nullable String attribute(String name) {
        return SdpParser.first(attributes, name);
    }

    /// The values of all attributes of this name, in order.
    public List<String> attributes(String name) {
        List<String> values = new ArrayList<>();
        for (Attribute attribute : attributes) {
            if (attribute.name().equals(name)) {
                values.add(attribute.value());
            }
        }
        return values;
    }

    public boolean has(String name) {
        return attribute(name) != null;
    }

    public boolean rejected() {
        return port == 0 && !has("bundle-only");
    }

    public @Nullable String mid() {
        return attribute("mid");
    }

    /// The direction of this section alone, or null: [SessionDescription#direction(MediaDescription)] knows the rest.
    @Nullable
    Direction ownDirection() {
        return direction(attributes);
    }

    static @Nullable Direction direction(List<Attribute> attributes) {
        for (Attribute attribute : attributes) {
            for (Direction direction : Direction.values()) {
                if (attribute.name().equals(direction.attribute())) {
                    return direction;
                }
            }
        }
        return null;
    }

    /// The payload types of this section in order of preference. Those without `rtpmap` are the static ones of RFC 3551
    /// 6, or left out.
    public List<PayloadFormat> payloadFormats() {
        return SdpFormats.of(this);
    }

    /// The RTX payload type that repairs this one, RFC 4588 8.
    public OptionalInt rtxOf(int payloadType) {
        for (PayloadFormat format : payloadFormats()) {
            if (format.is("rtx") && String.valueOf(payloadType).equals(format.parameter("apt"))) {
                return OptionalInt.of(format.payloadType());
            }
        }
        return OptionalInt.empty();
    }

    public List<ExtensionMap> extensionMaps() {
        List<ExtensionMap> maps = new ArrayList<>();
        for (String value : attributes("extmap")) {
            String[] words = value.strip().split(" +", 3);
            if (words.length < 2) {
                throw SdpParser.malformed("extmap", value);
            }
            int slash = words[0].indexOf('/');
            String id = slash < 0 ? words[0] : words[0].substring(0, slash);
            maps.add(new ExtensionMap(
                    (int) SdpParser.number(id, 65_535, "extmap"),
                    slash < 0 ? "" : words[0].substring(slash + 1),
                    words[1]));
        }
        return maps;
    }

    /// The id of a header extension, or empty.
    public OptionalInt extensionId(String uri) {
        for (ExtensionMap map : extensionMaps()) {
            if (map.uri().equals(uri)) {
                return OptionalInt.of(map.id());
            }
        }
        return OptionalInt.empty();
    }

    public List<Candidate> candidates() {
        return attributes("candidate").stream().map(Candidate::parse).toList();
    }

    /// Attributes of each source, RFC 5576 4.1: SSRC → name → value.
    public Map<Long, Map<String, String>> sources() {
        Map<Long, Map<String, String>> sources = new LinkedHashMap<>();
        for (String value : attributes("ssrc")) {
            int space = value.indexOf(' ');
            if (space < 0) {
                throw SdpParser.malformed("ssrc", value);
            }
            long ssrc = SdpParser.number(value.substring(0, space), 0xFFFF_FFFFL, "ssrc");
            String rest = value.substring(space + 1);
            int colon = rest.indexOf(':');
            sources.computeIfAbsent(ssrc, _ -> new LinkedHashMap<>())
                    .put(colon < 0 ? rest : rest.substring(0, colon), colon < 0 ? "" : rest.substring(colon + 1));
        }
        return sources;
    }

    /// The sources of each `ssrc-group` of this meaning, RFC 5576 4.2: `FID` is a source and its RTX.
    public List<List<Long>> sourceGroups(String meaning) {
        List<List<Long>> groups = new ArrayList<>();
        for (String value : attributes("ssrc-group")) {
            String[] words = value.strip().split(" +", -1);
            if (words[0].equals(meaning)) {
                List<Long> group = new ArrayList<>();
                for (int i = 1; i < words.length; i++) {
                    group.add(SdpParser.number(words[i], 0xFFFF_FFFFL, "ssrc-group"));
                }
                groups.add(group);
            }
        }
        return groups;
    }

    public List<Rid> rids() {
        List<Rid> rids = new ArrayList<>();
        for (String value : attributes("rid")) {
            String[] words = value.strip().split(" +", 3);
            if (words.length < 2) {
                throw SdpParser.malformed("rid", value);
            }
            rids.add(new Rid(words[0], words[1], words.length > 2 ? words[2] : ""));
        }
        return rids;
    }

    /// What stands behind `m=`.
    String line() {
        return "%s %d %s %s".formatted(type, port, protocol, String.join(" ", formats));
    }
}
