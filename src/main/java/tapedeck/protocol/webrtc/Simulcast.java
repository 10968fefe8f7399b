package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.MediaDescription;

/// The layers that a peer offers to send of one picture, RFC 8853 with the restriction identifiers of RFC 8851. The
/// older way (`a=ssrc-group:SIM`) is not answered: of such a peer only the first source counts.
final class Simulcast {
    /// More than any browser sends (three).
    static final int MAX_LAYERS = 4;

    /// RFC 8852 3.2 allows no more in a packet than letters and digits; RFC 8851 10 adds these two.
    private static final Pattern RID = Pattern.compile("[A-Za-z0-9_-]{1,16}");

    private Simulcast() {}

    static boolean isRid(String text) {
        return RID.matcher(text).matches();
    }

    /// The rids in the offer's order; empty where there is one picture only, and where nothing in the packets could
    /// tell the layers apart.
    static List<String> layers(MediaDescription section, PayloadFormat format) {
        String offered = section.attribute("simulcast");
        if (offered == null || section.extensionId(AgreedMedia.RID).isEmpty()) {
            return List.of();
        }
        List<String> layers = new ArrayList<>();
        for (String alternatives : sent(offered).split(";", -1)) {
            // Of alternatives (`1,2`) the first; `~` says that the layer begins paused.
            String rid = alternatives.split(",", 2)[0].strip().replaceFirst("^~", "");
            if (layers.size() < MAX_LAYERS && !layers.contains(rid) && isSent(rid, section, format)) {
                layers.add(rid);
            }
        }
        return layers.size() > 1 ? layers : List.of();
    }

    /// RFC 8853 5.1: `send LIST`, `recv LIST` or both, in either order.
    private static String sent(String offered) {
        String[] words = offered.strip().split(" +", 4);
        for (int i = 0; i + 1 < words.length; i += 2) {
            if (words[i].equals("send")) {
                return words[i + 1];
            }
        }
        return "";
    }

    private static boolean isSent(String rid, MediaDescription section, PayloadFormat format) {
        return isRid(rid)
                && section.rids().stream()
                        .anyMatch(known -> known.id().equals(rid)
                                && known.direction().equals("send")
                                && allows(known.restrictions(), format.payloadType()));
    }

    /// RFC 8851 5: `pt=96,97;max-width=640`; without `pt` every format will do.
    private static boolean allows(String restrictions, int payloadType) {
        for (String restriction : restrictions.split(";", -1)) {
            if (restriction.strip().startsWith("pt=")) {
                return List.of(restriction.strip().substring(3).split(",", -1)).contains(String.valueOf(payloadType));
            }
        }
        return true;
    }
}
