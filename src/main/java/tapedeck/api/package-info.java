/// The outside over HTTP: REST, the console, finished recordings, health, metrics, and who may do what.
///
/// Public: [Api], [CommandLine].
@org.jspecify.annotations.NullMarked
package tapedeck.api;
