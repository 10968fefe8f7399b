package tapedeck.rights;

import java.text.Normalizer;

/// A stream's name in which `*` stands for any characters, also for none and for `/`.
final class StreamPattern {
    private StreamPattern() {}

    /// Goes back to the last star only, so that no pattern takes longer than its length times the name's.
    static boolean matches(String pattern, String name) {
        String wanted = Normalizer.normalize(pattern, Normalizer.Form.NFC);
        int at = 0;
        int star = -1;
        int behindStar = 0;
        for (int i = 0; i < name.length(); ) {
            if (at < wanted.length() && wanted.charAt(at) == '*') {
                star = at++;
                behindStar = i;
            } else if (at < wanted.length() && wanted.charAt(at) == name.charAt(i)) {
                at++;
                i++;
            } else if (star >= 0) {
                at = star + 1;
                i = ++behindStar;
            } else {
                return false;
            }
        }
        while (at < wanted.length() && wanted.charAt(at) == '*') {
            at++;
        }
        return at == wanted.length();
    }
}
