namespace Microsoft.Azure.Functions.Worker;

/// <summary>What surrounds one call of a function.</summary>
public abstract class FunctionContext
{
    /// <summary>Names this call.</summary>
    public abstract string InvocationId { get; }

    /// <summary>Names the function.</summary>
    public abstract string FunctionId { get; }

    /// <summary>The services of this call.</summary>
    public abstract IServiceProvider InstanceServices { get; set; }

    /// <summary>Ends when the call is to stop.</summary>
    public virtual CancellationToken CancellationToken { get; } = CancellationToken.None;
}
