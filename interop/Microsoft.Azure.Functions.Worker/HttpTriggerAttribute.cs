namespace Microsoft.Azure.Functions.Worker;

/// <summary>The parameter that takes the request of a function called over HTTP.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class HttpTriggerAttribute : Attribute
{
    /// <summary>For callers with a function's key.</summary>
    public HttpTriggerAttribute() : this(AuthorizationLevel.Function) { }

    /// <summary>For callers with a function's key, and some methods only.</summary>
    public HttpTriggerAttribute(params string[] methods) : this(AuthorizationLevel.Function, methods) { }

    /// <summary>For some callers.</summary>
    public HttpTriggerAttribute(AuthorizationLevel authLevel) => AuthLevel = authLevel;

    /// <summary>For some callers and methods.</summary>
    public HttpTriggerAttribute(AuthorizationLevel authLevel, params string[] methods) : this(authLevel) => Methods = methods;

    /// <summary>The route template; the function's name where missing.</summary>
    public string? Route { get; set; }

    /// <summary>HTTP methods; all where missing.</summary>
    public string[]? Methods { get; }

    /// <summary>Who may call.</summary>
    public AuthorizationLevel AuthLevel { get; }
}

/// <summary>Who may call a function over HTTP.</summary>
public enum AuthorizationLevel
{
    /// <summary>Anybody.</summary>
    Anonymous,

    /// <summary>Who is signed in.</summary>
    User,

    /// <summary>Who has the function's key.</summary>
    Function,

    /// <summary>The system.</summary>
    System,

    /// <summary>Who has the master key.</summary>
    Admin,
}
