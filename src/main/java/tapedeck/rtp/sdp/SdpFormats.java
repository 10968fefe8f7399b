package tapedeck.rtp.sdp;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tapedeck.rtp.payload.PayloadFormat;

/// Brings `rtpmap`, `fmtp` and `rtcp-fb` of a section together.
final class SdpFormats {
    private static final int MAX_CLOCK_RATE_HZ = 1_000_000_000;
    private static final int MAX_CHANNELS = 255;

    /// RFC 3551 6, tables 4 and 5, as far as anybody still sends them.
    private static final Map<Integer, PayloadFormat> STATIC = Map.of(
            0, new PayloadFormat(0, "PCMU", 8000, 1),
            3, new PayloadFormat(3, "GSM", 8000, 1),
            8, new PayloadFormat(8, "PCMA", 8000, 1),
            9, new PayloadFormat(9, "G722", 8000, 1),
            10, new PayloadFormat(10, "L16", 44_100, 2),
            11, new PayloadFormat(11, "L16", 44_100, 1),
            14, new PayloadFormat(14, "MPA", 90_000, 1),
            26, new PayloadFormat(26, "JPEG", 90_000, 1),
            32, new PayloadFormat(32, "MPV", 90_000, 1),
            33, new PayloadFormat(33, "MP2T", 90_000, 1));

    private SdpFormats() {}

    static List<PayloadFormat> of(MediaDescription section) {
        Map<Integer, PayloadFormat> maps = new LinkedHashMap<>();
        Map<Integer, String> parameters = new HashMap<>();
        Map<Integer, List<String>> feedback = new HashMap<>();
        List<String> feedbackOfAll = new ArrayList<>();
        for (Attribute attribute : section.attributes()) {
            String value = attribute.value().strip();
            int space = value.indexOf(' ');
            switch (attribute.name()) {
                case "rtpmap" -> {
                    PayloadFormat format = rtpmap(value, space);
                    maps.put(format.payloadType(), format);
                }
                case "fmtp" -> {
                    if (space > 0) {
                        parameters.put(
                                payloadType(value, space),
                                value.substring(space + 1).strip());
                    }
                }
                case "rtcp-fb" -> {
                    if (space < 0) {
                        throw SdpParser.malformed("rtcp-fb", value);
                    }
                    String what = value.substring(space + 1);
                    if (value.charAt(0) == '*') {
                        feedbackOfAll.add(what);
                    } else {
                        feedback.computeIfAbsent(payloadType(value, space), _ -> new ArrayList<>())
                                .add(what);
                    }
                }
                default -> {}
            }
        }
        List<PayloadFormat> formats = new ArrayList<>();
        for (String text : section.formats()) {
            if (!text.matches("[0-9]{1,3}")) {
                continue;
            }
            int type = Integer.parseInt(text);
            PayloadFormat format = maps.getOrDefault(type, STATIC.get(type));
            if (format != null) {
                List<String> own = new ArrayList<>(feedback.getOrDefault(type, List.of()));
                own.addAll(feedbackOfAll);
                formats.add(new PayloadFormat(
                        type,
                        format.encodingName(),
                        format.clockRateHz(),
                        format.channels(),
                        parameters.getOrDefault(type, ""),
                        own));
            }
        }
        return formats;
    }

    /// RFC 8866 6.6: `96 VP8/90000` or `111 opus/48000/2`.
    private static PayloadFormat rtpmap(String value, int space) {
        if (space < 0) {
            throw SdpParser.malformed("rtpmap", value);
        }
        String[] parts = value.substring(space + 1).strip().split("/", -1);
        if (parts.length < 2 || parts[0].isEmpty()) {
            throw SdpParser.malformed("rtpmap", value);
        }
        int clockRateHz = (int) SdpParser.number(parts[1].strip(), MAX_CLOCK_RATE_HZ, "rtpmap");
        int channels = parts.length > 2 && !parts[2].isBlank()
                ? (int) SdpParser.number(parts[2].strip(), MAX_CHANNELS, "rtpmap")
                : 1;
        if (clockRateHz == 0) {
            throw SdpParser.malformed("rtpmap", value);
        }
        return new PayloadFormat(payloadType(value, space), parts[0], clockRateHz, Math.max(1, channels));
    }

    private static int payloadType(String value, int space) {
        return (int) SdpParser.number(value.substring(0, space), 127, "payload type");
    }
}
