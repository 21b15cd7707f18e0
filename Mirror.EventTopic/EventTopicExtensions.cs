using Microsoft.Extensions.Options;
using Mirror.ServiceDefaults.Configuration;

namespace Mirror.EventTopic;

/// <summary>
/// A topic of Azure Event Grid for machines without Azure: takes CloudEvents 1.0 over the same HTTP, and delivers them to webhooks with the
/// same handshake, headers, waits and dead letters. Events that wait are in memory, and gone when the process ends.
/// </summary>
public static class EventTopicExtensions
{
    /// <summary>Registers the topic.</summary>
    /// <exception cref="MirrorStartException">The section <c>event_topic</c> is wrong.</exception>
    public static IHostApplicationBuilder AddMirrorEventTopic(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        TopicOptions topic = builder.AddMirrorOptions<TopicOptions>("event_topic");
        builder.Services.AddSingleton(services => new SasKey(topic.Key, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => new WebhookClient(topic, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => new DeadLetter(topic, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<DeadLetter>>()));
        builder.Services.AddSingleton<Topic>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Topic>());
        return builder;
    }

    /// <summary>Maps <c>/api/events</c> and <c>/subscriptions</c>.</summary>
    public static WebApplication MapMirrorEventTopic(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapTopic();
        return app;
    }
}
