package tapedeck.net.http;

import java.util.List;
import java.util.Map;

/// Calls of REST that a protocol brings itself; the API serves them with the rights and limits of its own ones.
public interface RestCalls {
    /// Behind `/rest-api/` and in front of `/startup`, `/find`, `/find_all` and `/terminate`.
    String group();

    /// @param body its members that are text, numbers or flags
    /// @throws tapedeck.bytes.MalformedException for what cannot be read
    Map<String, Object> startup(Map<String, String> body) throws HttpProblem, InterruptedException;

    /// Each with a `mediaSessionId` and a `streamName`.
    List<Map<String, Object>> all();

    /// @return whether it ran
    boolean terminate(String mediaSessionId);
}
