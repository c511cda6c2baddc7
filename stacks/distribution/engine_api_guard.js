// Runs at the edge before each request to the load balancer: nobody reaches the engine's own API, /yawl/*.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html

// The segments of a path as Tomcat reads it, in its order: parameters (";x") are dropped, escapes are decoded once,
// empty, "." and ".." segments are resolved.
function segments(uri) {
    const resolved = [];
    decodeURIComponent(uri.replace(/;[^/]*/g, '')).split(/[/\\]/).forEach((segment) => {
        if (segment === '..') {
            resolved.pop();
        } else if (segment !== '' && segment !== '.') {
            resolved.push(segment);
        }
    });
    return resolved;
}

function handler(event) {
    try {
        if (segments(event.request.uri)[0] !== 'yawl') {
            return event.request;
        }
    } catch (malformedEscape) {
        return { statusCode: 400, statusDescription: 'Bad Request' };
    }
    return { statusCode: 403, statusDescription: 'Forbidden' };
}
