namespace Microsoft.Azure.Functions.Worker;

/// <summary>The parameter that takes an event of a function called by Event Grid.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class EventGridTriggerAttribute : Attribute
{
    /// <summary>Whether the parameter is an array.</summary>
    public bool IsBatched { get; set; }
}
