using Mirror.Streams.Configuration;

namespace Mirror.Functions;

/// <summary>How functions are called from outside: section <c>functions</c>.</summary>
internal sealed class FunctionsOptions
{
    /// <summary>What an Event Grid topic must know to deliver events here, as the parameter <c>code</c>. Default empty: nobody may.</summary>
    [Secret] public string EventGridKey { get; set; } = "";
}
