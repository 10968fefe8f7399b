/// The HTTP server: one port, one router, blocking handlers on virtual threads. Rooms add their routes to it.
///
/// Public: [HttpServer], [HttpRoutes], [HttpHandler], [HttpExchange], [HttpStream], [HttpProblem].
@org.jspecify.annotations.NullMarked
package tapedeck.net.http;
