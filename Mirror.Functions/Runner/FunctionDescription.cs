using System.Linq.Expressions;
using System.Reflection;
using Microsoft.Azure.Functions.Worker;

namespace Mirror.Functions.Runner;

/// <summary>One function, as its attributes describe it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Method">The method.</param>
/// <param name="Trigger">The parameter that its trigger's attribute is on.</param>
internal sealed record FunctionDescription(string Name, MethodInfo Method, ParameterInfo Trigger)
{
    /// <summary>All functions of this assembly, by name.</summary>
    public static IReadOnlyList<FunctionDescription> All { get; } = [.. Find(typeof(FunctionDescription).Assembly).OrderBy(function => function.Name, StringComparer.Ordinal)];

    public Type Class => Method.DeclaringType!;

    public T? TriggerOf<T>() where T : Attribute => Trigger.GetCustomAttribute<T>();

    /// <summary>The method as a delegate on the class's instance.</summary>
    public Delegate Bind(IServiceProvider services)
        => Method.CreateDelegate(Expression.GetDelegateType([.. Method.GetParameters().Select(parameter => parameter.ParameterType), Method.ReturnType]), services.GetRequiredService(Class));

    /// <summary>Calls a function that takes what its trigger gives, and perhaps a token.</summary>
    public Task InvokeAsync(IServiceProvider services, object trigger, CancellationToken cancellationToken)
    {
        object?[] arguments = [.. Method.GetParameters().Select(parameter => parameter == Trigger ? trigger : parameter.ParameterType == typeof(CancellationToken) ? cancellationToken : parameter.DefaultValue)];
        return (Task)Method.Invoke(services.GetRequiredService(Class), BindingFlags.DoNotWrapExceptions, binder: null, arguments, culture: null)!;
    }

    private static IEnumerable<FunctionDescription> Find(Assembly assembly)
        => from type in assembly.GetTypes()
           from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
           let function = method.GetCustomAttribute<FunctionAttribute>()
           where function is not null
           select new FunctionDescription(function.Name, method, method.GetParameters().First(IsTrigger));

    private static bool IsTrigger(ParameterInfo parameter)
        => parameter.IsDefined(typeof(HttpTriggerAttribute)) || parameter.IsDefined(typeof(TimerTriggerAttribute)) || parameter.IsDefined(typeof(EventGridTriggerAttribute));
}
