package tapedeck.rtp.payload;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// The `fmtp` of H.264, RFC 6184 8.1.
///
/// @param levelIdc ten times the level
/// @param parameterSets NAL units of `sprop-parameter-sets`
public record H264Parameters(
        Profile profile,
        int levelIdc,
        int packetizationMode,
        boolean levelAsymmetryAllowed,
        List<Bytes> parameterSets) {
    private static final int MAX_PARAMETER_SETS = 32;

    public H264Parameters {
        parameterSets = List.copyOf(parameterSets);
    }

    /// The profiles that two peers can mean by different bytes, RFC 6184 8.1, table 5.
    public enum Profile {
        CONSTRAINED_BASELINE,
        BASELINE,
        MAIN,
        EXTENDED,
        HIGH,
        CONSTRAINED_HIGH,
        /// All that browsers never offer: 4:2:2, 10 bits, intra only …; it matches nothing.
        OTHER
    }

    public static H264Parameters parse(PayloadFormat format) {
        String profileLevelId = format.parameter("profile-level-id");
        // RFC 6184 8.1: without one it is Baseline, level 1. Some cameras write seven digits: no known profile.
        int id = 0x42000A;
        if (profileLevelId != null) {
            id = profileLevelId.matches("[0-9a-fA-F]{6}") ? Integer.parseInt(profileLevelId, 16) : 0;
        }
        String mode = format.parameter("packetization-mode");
        int packetizationMode = switch (mode == null ? "0" : mode) {
            case "0" -> 0;
            case "1" -> 1;
            case "2" -> 2;
            default -> throw new MalformedException("packetization-mode=" + cut(String.valueOf(mode)));
        };
        boolean asymmetry = "1".equals(format.parameter("level-asymmetry-allowed"));
        return new H264Parameters(
                profile(id >> 16, id >> 8 & 0xFF), id & 0xFF, packetizationMode, asymmetry, parameterSets(format));
    }

    /// Whether a payload type with these parameters can carry the same streams: RFC 6184 8.2.2 wants profile and mode
    /// to be equal; the level may differ.
    public boolean matches(H264Parameters other) {
        return profile != Profile.OTHER && profile == other.profile && packetizationMode == other.packetizationMode;
    }

    /// The bits of profile_iop count for some profiles and not for others.
    private static Profile profile(int idc, int iop) {
        return switch (idc) {
            case 0x42 -> (iop & 0x4F) == 0x40 ? Profile.CONSTRAINED_BASELINE : Profile.BASELINE;
            case 0x4D -> (iop & 0x8F) == 0x80 ? Profile.CONSTRAINED_BASELINE : Profile.MAIN;
            case 0x58 -> {
                if ((iop & 0xCF) == 0xC0) {
                    yield Profile.CONSTRAINED_BASELINE;
                }
                yield (iop & 0xCF) == 0x80 ? Profile.BASELINE : Profile.EXTENDED;
            }
            case 0x64 ->
                switch (iop) {
                    case 0x00 -> Profile.HIGH;
                    case 0x0C -> Profile.CONSTRAINED_HIGH;
                    default -> Profile.OTHER;
                };
            default -> Profile.OTHER;
        };
    }

    private static List<Bytes> parameterSets(PayloadFormat format) {
        String text = format.parameter("sprop-parameter-sets");
        if (text == null || text.isEmpty()) {
            return List.of();
        }
        List<Bytes> sets = new ArrayList<>();
        // Some cameras end the list with a comma.
        for (String part : text.split(",", MAX_PARAMETER_SETS + 1)) {
            if (sets.size() == MAX_PARAMETER_SETS) {
                throw new MalformedException("sprop-parameter-sets of more than %d".formatted(MAX_PARAMETER_SETS));
            }
            if (!part.isBlank()) {
                sets.add(decode(part.strip()));
            }
        }
        return sets;
    }

    private static Bytes decode(String base64) {
        try {
            return Bytes.wrap(Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException e) {
            throw new MalformedException("sprop-parameter-sets: " + cut(base64), e);
        }
    }

    private static String cut(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
