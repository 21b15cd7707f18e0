using Mirror.EventTopic;
using Mirror.Functions.Hooks;
using Mirror.Functions;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode;
using Mirror.IngestNode.Demux;
using Mirror.IngestNode.Srt;
using Mirror.Origin;
using Mirror.ServiceDefaults.Cluster;
using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Hosting;
using Mirror.ServiceDefaults.Logging;
using Mirror.Streams.Events;
using Mirror.Streams.Recordings;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;

namespace Mirror.EndToEnd.Configuration;

/// <summary>configs/mirror.yaml and the options classes say the same.</summary>
public sealed class ConfigurationFileTests
{
    [Fact]
    public void The_file_holds_every_key_with_its_default_and_no_other()
    {
        string root = Directory.CreateTempSubdirectory("mirror-test-").FullName;
        var settings = new MirrorSettings([], new Dictionary<string, string>(), root, root);   // no file, no variable: the defaults
        settings.Bind<ServerOptions>("server");
        settings.Bind<SrtOptions>("ingestion.srt");
        settings.Bind<MpegTsOptions>("ingestion.mpegts");
        settings.Bind<PackageOptions>("package");
        settings.Bind<TranscodeOptions>("transcode");
        settings.Bind<StoreOptions>("store");
        settings.Bind<SharedOptions>("shared");
        settings.Bind<OriginOptions>(OriginOptions.Section);
        settings.Bind<DvrOptions>("dvr");
        settings.Bind<ClusterOptions>("cluster");
        settings.Bind<EventsOptions>("events");
        settings.Bind<TopicOptions>("event_topic");
        settings.Bind<FunctionsOptions>("functions");
        settings.Bind<HooksOptions>("hooks");
        settings.Bind<DocumentsOptions>("documents");
        settings.Bind<LoggingOptions>("logging");
        Directory.Delete(root);

        string[] defaults = [.. settings.Settings.Select(setting => $"{setting.Key}: {setting.InForce.Replace(root + "/", "")}")];
        string[] file = [.. SettingReference.Entries.Select(entry => $"{entry.Key}: {entry.Value}")];
        Assert.Equal(defaults.Order(), file.Order());
    }
}
