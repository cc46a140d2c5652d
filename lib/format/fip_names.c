/* SPDX-License-Identifier: MIT */
/*
 * The images of firmware packages. TF-A tools/fiptool/tbbr_config.c and
 * plat/st/common/include/plat_def_fip_uuid.h name them; what is loaded says
 * plat/st/stm32mp1/plat_bl2_mem_params_desc.c, and which certificate holds which
 * hash drivers/auth/tbbr/ and plat/st/stm32mp1/stm32mp1_tbb_cert.c.
 */
#include <string.h>

#include "format/fip_internal.h"

#define ON_BOTH (SB_FIP_ON_MP1 | SB_FIP_ON_MP2)
#define CONFIG  "stm32mp-cfg-cert"

/* clang-format off */
static const struct sb_fip_known known_images[] = {
	{ "5807e16a-8459-47be-8ed5-648e8dddab0e", "fw-config", "FW_CONFIG",
	  SB_FIP_TREE, ON_BOTH, CONFIG },
	{ "08b8f1d9-c9cf-9349-a962-6fbc6b7265cc", "hw-config", "U-Boot device tree (HW_CONFIG)",
	  SB_FIP_TREE, ON_BOTH, CONFIG },
	{ "d6d0eea7-fcea-d54b-9782-9934f234b6e4", "nt-fw", "U-Boot (BL33)",
	  SB_FIP_CODE, ON_BOTH, "nt-fw-cert" },
	{ "05d0e189-53dc-1347-8d2b-500a4b7a3e38", "tos-fw", "SP_min or OP-TEE (BL32)",
	  SB_FIP_CODE, ON_BOTH, "tos-fw-cert" },
	{ "0b70c29b-2a5a-7840-9f65-0a5682738288", "tos-fw-extra1", "OP-TEE pager",
	  SB_FIP_CODE, ON_BOTH, "tos-fw-cert" },
	{ "8ea87bb1-cfa2-3f4d-85fd-e7bba50220d9", "tos-fw-extra2", "OP-TEE pageable part",
	  SB_FIP_OTHER, ON_BOTH, "tos-fw-cert" },
	{ "26257c1a-dbc6-7f47-8d96-c4c4b0248021", "tos-fw-config", "SP_min device tree",
	  SB_FIP_TREE, ON_BOTH, "tos-fw-cert" },
	{ "47d4086d-4cfe-9846-9b95-2950cbbd5a00", "soc-fw", "BL31",
	  SB_FIP_CODE, SB_FIP_ON_MP2, "soc-fw-cert" },
	{ "9979814b-0376-fb46-8c8e-8d267f7859e0", "soc-fw-config", "BL31 device tree",
	  SB_FIP_TREE, SB_FIP_ON_MP2, "soc-fw-cert" },
	{ "b11249be-92dd-4b10-867c-2c6a4b47a7fb", "ddr-fw", "DDR firmware",
	  SB_FIP_OTHER, SB_FIP_ON_MP2, NULL },
	{ "501d8dd2-8bce-49a5-84eb-559a9f2eaeaf", CONFIG, "ST configuration certificate",
	  SB_FIP_CERTIFICATE, ON_BOTH, NULL },
	{ "827ee890-f860-e411-a1b4-777a21b4f94c", "trusted-key-cert", "trusted key certificate",
	  SB_FIP_CERTIFICATE, ON_BOTH, NULL },
	{ "9477d603-fb60-e411-85dd-b7105b8cee04", "tos-fw-key-cert", "trusted OS key certificate",
	  SB_FIP_CERTIFICATE, ON_BOTH, NULL },
	{ "8ad5832a-fb60-e411-8aaf-df30bbc49859", "nt-fw-key-cert", "BL33 key certificate",
	  SB_FIP_CERTIFICATE, ON_BOTH, NULL },
	{ "a49f4411-5e63-e411-8728-3f05722af33d", "tos-fw-cert", "trusted OS content certificate",
	  SB_FIP_CERTIFICATE, ON_BOTH, NULL },
	{ "8ec4c1f3-5d63-e411-a7a9-87ee40b23fa7", "nt-fw-cert", "BL33 content certificate",
	  SB_FIP_CERTIFICATE, ON_BOTH, NULL },
	{ "8ab8becc-f960-e411-9ad0-eb4822d8dcf8", "soc-fw-key-cert", "BL31 key certificate",
	  SB_FIP_CERTIFICATE, SB_FIP_ON_MP2, NULL },
	{ "e2b20c20-5e63-e411-9ce8-abccf92bb666", "soc-fw-cert", "BL31 content certificate",
	  SB_FIP_CERTIFICATE, SB_FIP_ON_MP2, NULL },
	/* What follows no TF-A for STM32MP loads. */
	{ "28da9815-93e8-7e44-ac66-1aaf801550f9", "nt-fw-config", "NT_FW_CONFIG" },
	{ "6c0458ff-af6b-7d4f-82ed-aa27bc69bfd2", "tb-fw-config", "TB_FW_CONFIG" },
	{ "5ff9ec0b-4d22-3e4d-a544-c39d81c73f0a", "tb-fw", "BL2" },
	{ "9766fd3d-89be-e849-ae5d-78a140608213", "scp-fw", "SCP_BL2" },
	{ "6c0762a6-12f2-4b56-92cb-ba8f633606d9", "rmm-fw", "RMM" },
	{ "65922703-2f74-e644-8dff-579ac1ff0610", "scp-fwu-cfg", "SCP_BL2U" },
	{ "60b3eb37-c1e5-ea41-9df3-19eda11f6801", "ap-fwu-cfg", "BL2U" },
	{ "4f511d11-2be5-4e49-b4c5-83c2f715840a", "fwu", "NS_BL2U" },
	{ "71408ab2-18d6-874c-8b2e-c6dccd50f096", "fwu-cert", "NS_BL2U certificate",
	  SB_FIP_CERTIFICATE },
	{ "862d1d72-f860-e411-920b-8be762160f24", "rot-cert", "root of trust certificate",
	  SB_FIP_CERTIFICATE },
	{ "d6e269ea-5d63-e411-8d8c-9fbabe9956a5", "tb-fw-cert", "BL2 certificate",
	  SB_FIP_CERTIFICATE },
	{ "024221a1-f860-e411-8d9b-f33c0e15a014", "scp-fw-key-cert", "SCP_BL2 key certificate",
	  SB_FIP_CERTIFICATE },
	{ "44be6f04-5e63-e411-b28b-73d8eaae9656", "scp-fw-cert", "SCP_BL2 content certificate",
	  SB_FIP_CERTIFICATE },
	{ "1c67873d-5f63-e411-978d-27c0c7148abd", NULL, "non-trusted world key certificate",
	  SB_FIP_CERTIFICATE },
	{ "776dfd44-8697-4c3b-91eb-c13e025a2a6f", "sip-sp-cert",
	  "SiP secure partition certificate", SB_FIP_CERTIFICATE },
	{ "ddcbbf4a-cad6-11ea-87d0-0242ac130003", "plat-sp-cert",
	  "platform secure partition certificate", SB_FIP_CERTIFICATE },
	{ "36d83d85-761d-4daf-96f1-cd99d6569b00", "cca-cert", "CCA certificate",
	  SB_FIP_CERTIFICATE },
	{ "52222d31-820f-494d-8bbc-ea6825d3c35a", "core-swd-cert",
	  "core secure world key certificate", SB_FIP_CERTIFICATE },
	{ "d43cd902-5b9f-412e-8ac6-92b6d18be60d", "plat-key-cert", "platform key certificate",
	  SB_FIP_CERTIFICATE },
};
/* clang-format on */

const struct sb_fip_known *sb_fip_known(const char *uuid_text)
{
	for (size_t i = 0; i < sizeof(known_images) / sizeof(known_images[0]); i++)
		if (strcmp(known_images[i].uuid, uuid_text) == 0)
			return &known_images[i];
	return NULL;
}
