/// Who may publish and play: what a peer shows is checked against passwords, tokens or another server's word. It knows
/// no stream and no protocol but HTTP's way to ask and to refuse.
///
/// Public: [Rights], [Request], [Decision], [HttpEntrance], [PlainEntrance], [UserFile].
@org.jspecify.annotations.NullMarked
package tapedeck.rights;
