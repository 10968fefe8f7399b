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
        CONSTRAINED_HIGH,
        HIGH,
        HIGH_10,
        HIGH_422,
        HIGH_444_PREDICTIVE,
        /// What nobody offers, or what cannot be read; it matches nothing.
        OTHER;

        /// Whether a decoder of this profile decodes a stream of that one, ISO/IEC 14496-10 A.2.
        boolean decodes(Profile stream) {
            return switch (stream) {
                case CONSTRAINED_BASELINE -> this != OTHER;
                case BASELINE -> this == BASELINE || this == EXTENDED;
                case EXTENDED -> this == EXTENDED;
                case MAIN -> this == MAIN || isAtLeast(HIGH);
                case CONSTRAINED_HIGH, HIGH, HIGH_10, HIGH_422, HIGH_444_PREDICTIVE -> isAtLeast(stream);
                case OTHER -> false;
            };
        }

        /// The High profiles are one inside the other.
        private boolean isAtLeast(Profile high) {
            return this != OTHER && compareTo(high) >= 0;
        }
    }

    public static H264Parameters parse(PayloadFormat format) {
        int id = profileLevelId(format);
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

    /// Whether a payload type with these parameters can carry the same streams: RFC 6184 8.2.2 wants profile and
    /// mode to be equal; the level may differ.
    public boolean matches(H264Parameters other) {
        return profile != Profile.OTHER && profile == other.profile && packetizationMode == other.packetizationMode;
    }

    static Profile profile(PayloadFormat format) {
        int id = profileLevelId(format);
        return profile(id >> 16, id >> 8 & 0xFF);
    }

    /// RFC 6184 8.1: without one it is Baseline, level 1. Some cameras write seven digits: no known profile.
    private static int profileLevelId(PayloadFormat format) {
        String text = format.parameter("profile-level-id");
        if (text == null) {
            return 0x42000A;
        }
        return text.matches("[0-9a-fA-F]{6}") ? Integer.parseInt(text, 16) : 0;
    }

    /// The bits of profile_iop count for some profiles and not for others; those of the High profiles only take
    /// away from what a stream may use (constraint_set4: no fields, constraint_set5: no B slices,
    /// constraint_set3: intra).
    static Profile profile(int idc, int iop) {
        return switch (idc) {
            case 0x42 -> (iop & 0x4F) == 0x40 ? Profile.CONSTRAINED_BASELINE : Profile.BASELINE;
            case 0x4D -> (iop & 0x8F) == 0x80 ? Profile.CONSTRAINED_BASELINE : Profile.MAIN;
            case 0x58 -> {
                if ((iop & 0xCF) == 0xC0) {
                    yield Profile.CONSTRAINED_BASELINE;
                }
                yield (iop & 0xCF) == 0x80 ? Profile.BASELINE : Profile.EXTENDED;
            }
            case 0x64 -> (iop & 0x0C) == 0x0C ? Profile.CONSTRAINED_HIGH : Profile.HIGH;
            case 0x6E -> Profile.HIGH_10;
            case 0x7A -> Profile.HIGH_422;
            case 0xF4 -> Profile.HIGH_444_PREDICTIVE;
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
