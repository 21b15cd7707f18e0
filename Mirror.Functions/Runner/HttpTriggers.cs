using System.Reflection;
using Microsoft.Azure.Functions.Worker;

namespace Mirror.Functions.Runner;

/// <summary>Serves functions with an HTTP trigger as endpoints of this process, with what their attributes say for the API's description.</summary>
internal static class HttpTriggers
{
    public static void MapHttpTriggers(this IEndpointRouteBuilder app)
    {
        foreach (FunctionDescription function in FunctionDescription.All)
        {
            if (function.TriggerOf<HttpTriggerAttribute>() is not { } trigger) { continue; }
            string[] methods = [.. (trigger.Methods ?? ["get", "post"]).Select(method => method.ToUpperInvariant())];
            RouteHandlerBuilder endpoint = app.MapMethods("/" + (trigger.Route ?? "api/" + function.Name), methods, function.Bind(app.ServiceProvider));
            if (function.Class.GetCustomAttribute<TagsAttribute>() is { } tags) { endpoint.WithTags([.. tags.Tags]); }
        }
    }
}
