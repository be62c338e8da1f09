"""Whether the real nnU-Net v2 can use a plans.json that medvol wrote.

    medvol prepare dataset=… dataset.root=… plan=resenc_l | sed -n '/^{/,$p' > plans.json
    python load_by_nnunet.py plans.json 1 3        # input channels, outputs

Loads every configuration by its PlansManager and builds its network (on torch's meta device: without memory).
"""
import json
import os
import sys

for name in ("raw", "preprocessed", "results"):
    os.environ["nnUNet_" + name] = "/nonexistent"

import torch  # noqa: E402
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans  # noqa: E402
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager  # noqa: E402

plans = PlansManager(json.load(open(sys.argv[1])))
for name in plans.available_configurations:
    one = plans.get_configuration(name)
    with torch.device("meta"):
        network = get_network_from_plans(one.network_arch_class_name, one.network_arch_init_kwargs,
                                         one.network_arch_init_kwargs_req_import, int(sys.argv[2]), int(sys.argv[3]),
                                         allow_init=False, deep_supervision=True)
        shape = network(torch.zeros(1, int(sys.argv[2]), *one.patch_size))[0].shape
    assert callable(one.resampling_fn_data) and callable(one.preprocessor_class)
    print(f"{name}: {one.network_arch_class_name.split('.')[-1]}, {sum(p.numel() for p in network.parameters())} "
          f"parameters, patch {one.patch_size} -> {list(shape)}, batch {one.batch_size}, spacing {one.spacing}, "
          f"reader {plans.image_reader_writer_class.__name__}, after {one.previous_stage_name}")
